/* SPDX-License-Identifier: MIT */
/* uefi/cpus.c over a firmware whose CPUs are threads, late ones, and that refuses to start them. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "uefi/cpus.h"

enum {
    OTHERS = 3,
    ROUNDS = 50
};

static unsigned failures;

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("not ok cpus: line %d: %s\n", __LINE__, #condition);                            \
            failures++;                                                                            \
        }                                                                                          \
    } while (0)

/* ---- Firmware -------------------------------------------------------------------------------- */

static struct {
    EFI_BOOT_SERVICES services;
    EFI_STATUS refuse;
    unsigned running, starts, delay; /* of each start, in microseconds */
    pthread_t threads[OTHERS];
    bool has_threads, event;
    void(EFIAPI *procedure)(void *arg);
    void *arg;
} fake;

static void wait_for(unsigned microseconds)
{
    struct timespec time = { .tv_nsec = microseconds * 1000L };

    nanosleep(&time, NULL);
}

static void *run_other(void *unused)
{
    (void)unused;
    wait_for(fake.delay);
    fake.procedure(fake.arg);
    __atomic_fetch_sub(&fake.running, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static void join_threads(void)
{
    for (int i = 0; fake.has_threads && i < OTHERS; i++)
        pthread_join(fake.threads[i], NULL);
    fake.has_threads = false;
}

static EFI_STATUS EFIAPI count(void *self, UINTN *all, UINTN *enabled)
{
    (void)self;
    *all = OTHERS + 2; /* one is disabled */
    *enabled = OTHERS + 1;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI start_all(void *self, void(EFIAPI *procedure)(void *), BOOLEAN one_by_one,
                                   EFI_EVENT finished, UINTN timeout, void *arg, UINTN **failed)
{
    (void)self;
    EXPECT(!one_by_one && finished && !timeout && !failed);
    if (fake.refuse != EFI_SUCCESS)
        return fake.refuse;
    EXPECT(!__atomic_load_n(&fake.running, __ATOMIC_SEQ_CST));
    join_threads();
    fake.starts++;
    fake.procedure = procedure;
    fake.arg = arg;
    fake.running = OTHERS;
    fake.event = true;
    fake.has_threads = true;
    for (int i = 0; i < OTHERS; i++)
        pthread_create(&fake.threads[i], NULL, run_other, NULL);
    return EFI_SUCCESS;
}

/* It signals the event once, when it sees that all have finished. */
static EFI_STATUS EFIAPI check_event(EFI_EVENT event)
{
    (void)event;
    if (!fake.event || __atomic_load_n(&fake.running, __ATOMIC_SEQ_CST))
        return EFI_NOT_READY;
    fake.event = false;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI create_event(UINT32 type, EFI_TPL tpl, EFI_EVENT_NOTIFY notify,
                                      VOID *context, EFI_EVENT *event)
{
    (void)tpl;
    (void)context;
    EXPECT(type == 0 && notify == NULL);
    *event = &fake;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI close_event(EFI_EVENT event)
{
    EXPECT(event == &fake);
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI stall(UINTN microseconds)
{
    wait_for((unsigned)microseconds);
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI locate(EFI_GUID *guid, VOID *registration, VOID **out)
{
    static struct {
        EFI_STATUS(EFIAPI *count)(void *, UINTN *, UINTN *);
        void *information;
        EFI_STATUS(EFIAPI *start_all)
        (void *, void(EFIAPI *)(void *), BOOLEAN, EFI_EVENT, UINTN, void *, UINTN **);
    } protocol = { count, NULL, start_all };

    (void)registration;
    EXPECT(guid->Data1 == 0x3fdda605);
    *out = &protocol;
    return EFI_SUCCESS;
}

/* ---- Work ------------------------------------------------------------------------------------ */

static unsigned next, done[1000], at_work, most;

static void work(void *arg)
{
    unsigned *counter = arg, number, together;

    together = __atomic_add_fetch(&at_work, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&most, __ATOMIC_SEQ_CST) < together)
        __atomic_store_n(&most, together, __ATOMIC_SEQ_CST);
    while ((number = __atomic_fetch_add(counter, 1, __ATOMIC_SEQ_CST)) < 1000) {
        done[number]++;
        if (number % 100 == 0)
            wait_for(10);
    }
    __atomic_fetch_sub(&at_work, 1, __ATOMIC_SEQ_CST);
}

static void run_once(struct uefi_cpus *cpus)
{
    for (unsigned i = 0; i < 1000; i++)
        done[i] = 0;
    next = 0;
    uefi_cpus_run(cpus, work, &next);
    EXPECT(__atomic_load_n(&at_work, __ATOMIC_SEQ_CST) == 0);
    for (unsigned i = 0; i < 1000; i++)
        EXPECT(done[i] == 1);
}

static void begin(struct uefi_cpus *cpus)
{
    most = 0;
    fake.refuse = EFI_SUCCESS;
    fake.starts = fake.delay = 0;
    uefi_cpus_init(cpus, &fake.services);
    EXPECT(cpus->count == OTHERS + 1 && cpus->limit == OTHERS + 1);
}

static void end(struct uefi_cpus *cpus, const char *name)
{
    uefi_cpus_finish(cpus);
    EXPECT(!__atomic_load_n(&fake.running, __ATOMIC_SEQ_CST));
    join_threads();
    printf("# %s: started %u times, joined in %u times, at most %u together\n", name, fake.starts,
           cpus->taken, most);
    if (!failures)
        printf("ok cpus: %s\n", name);
}

int main(void)
{
    static struct uefi_cpus cpus;

    fake.services.LocateProtocol = locate;
    fake.services.CreateEvent = create_event;
    fake.services.CloseEvent = close_event;
    fake.services.CheckEvent = check_event;
    fake.services.Stall = stall;

    begin(&cpus);
    for (int i = 0; i < ROUNDS; i++) {
        run_once(&cpus);
        wait_for(100);
    }
    EXPECT(cpus.taken > 0 && most > 1 && fake.starts >= 1);
    end(&cpus, "every piece of work is done once");

    begin(&cpus);
    fake.delay = 3000;
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 10 == 0) /* as before module code runs */
            uefi_cpus_leave(&cpus);
        run_once(&cpus);
        wait_for(200);
    }
    EXPECT(fake.starts > 1);
    end(&cpus, "others come late and leave early");

    begin(&cpus);
    cpus.limit = 1;
    run_once(&cpus);
    EXPECT(fake.starts == 0 && cpus.taken == 0);
    cpus.limit = 2;
    for (int i = 0; i < ROUNDS; i++) {
        run_once(&cpus);
        wait_for(100);
    }
    EXPECT(most <= 2);
    end(&cpus, "no more than the application wants");

    begin(&cpus);
    fake.refuse = EFI_NOT_READY;
    run_once(&cpus);
    fake.refuse = EFI_UNSUPPORTED;
    run_once(&cpus);
    fake.refuse = EFI_SUCCESS;
    run_once(&cpus);
    EXPECT(fake.starts == 0 && cpus.limit == 1);
    end(&cpus, "the firmware refuses");
    return failures != 0;
}
