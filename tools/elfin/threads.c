/* SPDX-License-Identifier: MIT */
#include "tools/elfin/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct threads {
    pthread_mutex_t lock;
    pthread_cond_t begin, end;
    void (*work)(void *arg);
    void *arg;
    uint64_t round;   /* of work: a thread joins each once */
    unsigned running; /* threads of the pool that have not finished the round */
    unsigned made;
    bool stop;
    pthread_t thread[];
};

unsigned threads_available(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

    return count > 0 ? (unsigned)count : 1;
}

static void *run_thread(void *arg)
{
    struct threads *threads = arg;
    uint64_t seen = 0;

    pthread_mutex_lock(&threads->lock);
    for (;;) {
        while (!threads->stop && threads->round == seen)
            pthread_cond_wait(&threads->begin, &threads->lock);
        if (threads->stop)
            break;
        seen = threads->round;
        pthread_mutex_unlock(&threads->lock);
        threads->work(threads->arg);
        pthread_mutex_lock(&threads->lock);
        if (--threads->running == 0)
            pthread_cond_signal(&threads->end);
    }
    pthread_mutex_unlock(&threads->lock);
    return NULL;
}

struct threads *threads_start(unsigned cpus)
{
    struct threads *threads;

    if (cpus < 2)
        return NULL;
    threads = calloc(1, sizeof(*threads) + (cpus - 1) * sizeof(threads->thread[0]));
    if (!threads)
        return NULL;
    pthread_mutex_init(&threads->lock, NULL);
    pthread_cond_init(&threads->begin, NULL);
    pthread_cond_init(&threads->end, NULL);
    while (threads->made < cpus - 1 &&
           pthread_create(&threads->thread[threads->made], NULL, run_thread, threads) == 0)
        threads->made++;
    if (threads->made)
        return threads;
    threads_stop(threads);
    return NULL;
}

unsigned threads_count(const struct threads *threads)
{
    return threads ? threads->made + 1 : 1;
}

void threads_run(struct threads *threads, void (*work)(void *arg), void *arg)
{
    if (threads) {
        pthread_mutex_lock(&threads->lock);
        threads->work = work;
        threads->arg = arg;
        threads->running = threads->made;
        threads->round++;
        pthread_cond_broadcast(&threads->begin);
        pthread_mutex_unlock(&threads->lock);
    }
    work(arg);
    if (!threads)
        return;
    pthread_mutex_lock(&threads->lock);
    while (threads->running)
        pthread_cond_wait(&threads->end, &threads->lock);
    pthread_mutex_unlock(&threads->lock);
}

void threads_stop(struct threads *threads)
{
    if (!threads)
        return;
    pthread_mutex_lock(&threads->lock);
    threads->stop = true;
    pthread_cond_broadcast(&threads->begin);
    pthread_mutex_unlock(&threads->lock);
    for (unsigned i = 0; i < threads->made; i++)
        pthread_join(threads->thread[i], NULL);
    pthread_cond_destroy(&threads->end);
    pthread_cond_destroy(&threads->begin);
    pthread_mutex_destroy(&threads->lock);
    free(threads);
}
