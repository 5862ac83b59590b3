/* SPDX-License-Identifier: MIT */
/* The command reload: modules take the place of older versions of themselves. */
#include "libmini/str.h"
#include "monitor/commands.h"
#include "monitor/console.h"
#include "monitor/job.h"
#include "monitor/platform.h"

typedef unsigned long long ull;

/* One group's turn. */
struct turn {
    elfin_group *group; /* the present one */
    bool wanted;        /* its files have changed, and it has not been reloaded yet */
    bool done;
};

/* What the command line asks for, beside the name. */
struct wish {
    bool fresh, keep;
};

/* ---- One group ------------------------------------------------------------------------------- */

/* Files and modules are in the same order, but that archives, and members of them, are none. */
static elfin_module *next_own(const elfin_group *group, elfin_module *module)
{
    elfin_module_info info = { .flags = 0 };

    do {
        module = elfin_next_module(group, module);
        if (module != NULL)
            elfin_module_get(module, &info);
    } while (module != NULL && info.flags & ELFIN_MODULE_MEMBER);
    return module;
}

static int check_name(const struct job *job, const elfin_input *input, const elfin_module *module)
{
    static const elfin_inspector nothing;
    elfin_module_info info;
    elfin_inspection found;
    unsigned reported = 0;
    elfin_diag diag;

    if (elfin_inspect(&job->session->space.host, input, &nothing, &found, &diag) != ELFIN_OK) {
        command_report(&reported, &diag);
        return STATUS_FAILURE;
    }
    elfin_module_get(module, &info);
    if (mini_str_equal(found.name, info.name))
        return STATUS_SUCCESS;
    return command_error("%s: it is module %s now, and no more %s", input->file, found.name,
                         info.name);
}

/* Whoever uses a module, or wants to reload it again, knows it by its name. */
static int check_names(const struct job *job, const elfin_group *group)
{
    elfin_module *module = NULL;
    int status = STATUS_SUCCESS;

    for (size_t i = 0; i < job->read && status == STATUS_SUCCESS; i++) {
        if (elfin_is_archive(job->inputs[i].data, job->inputs[i].size))
            continue;
        module = next_own(group, module);
        if (module == NULL)
            return command_error("%s: it was an archive before", job->inputs[i].file);
        status = check_name(job, &job->inputs[i], module);
    }
    if (status == STATUS_SUCCESS && next_own(group, module) != NULL)
        return command_error("what was an object before is an archive now");
    return status;
}

/* The group that is replaced, and how many places still know it. */
struct old {
    const elfin_group *group;
    unsigned known;
};

static bool is_inside(const elfin_group *group, uint64_t address)
{
    elfin_block block;

    for (uint32_t i = 0; elfin_group_block(group, i, &block); i++)
        if (address - block.region.run < block.region.size)
            return true;
    return false;
}

/* What the program has changed may be a pointer into the old one. */
static void take_left(void *ctx, const elfin_left *left)
{
    struct old *old = ctx;

    old->known += left->is_tls || is_inside(old->group, left->value);
    command_left(NULL, left);
}

/* The old one is not needed any more, unless somebody may still know it. */
static void retire(struct session *session, elfin_group *group, bool keep)
{
    unsigned reported = 0;
    elfin_diag diag;

    if (!keep && elfin_retire(&session->space, group, &diag) == ELFIN_OK)
        return;
    if (!keep)
        command_report(&reported, &diag);
    console_fresh_line();
    console_print("the old one stays until retire\n");
}

/* The place is the old one's; where the new one goes is as good for the next. */
static void forget_place(struct job *job)
{
    char **words = job->origin->words;
    bool options = true;
    int kept = 0;

    if (!job->load.has_at)
        return;
    console_print("at 0x%llx is the old one: the new one goes elsewhere\n", (ull)job->load.at);
    job->inputs[0].flags = 0;
    for (int i = 0; i < job->origin->count; i++) {
        options = options && !mini_str_equal(words[i], "--");
        if (i == 0 || !options || !mini_str_starts(words[i], "at="))
            words[kept++] = words[i];
    }
    words[kept] = NULL;
    job->origin->count = kept;
}

static int reload_group(struct session *session, struct turn *turn, const struct wish *wish,
                        bool silent)
{
    const struct origin *origin = origin_of(session, turn->group);
    struct instead instead = { .group = turn->group,
                               .how = "reloaded",
                               .change = ELFIN_CHANGE_INIT };
    struct old old = { .group = turn->group };
    struct job job;
    int status = job_begin(&job, session, origin->count, origin->words);

    job.silent = silent;
    instead.change.left = take_left;
    instead.change.ctx = &old;
    instead.change.flags = wish->fresh ? ELFIN_CHANGE_FRESH : 0;
    if (status == STATUS_SUCCESS)
        status = check_names(&job, turn->group);
    if (status == STATUS_SUCCESS) {
        forget_place(&job);
        status = job_run(&job, &instead);
    }
    job_end(&job);
    if (status != STATUS_SUCCESS)
        return status;
    *turn = (struct turn){ .group = job.group, .done = true };
    retire(session, instead.group, wish->keep || old.known > 0);
    return STATUS_SUCCESS;
}

/* ---- By name --------------------------------------------------------------------------------- */

static int fetch_libraries(struct session *session, const elfin_group *group)
{
    int status = STATUS_SUCCESS;

    for (struct library *l = session->libraries; l != NULL && status == STATUS_SUCCESS; l = l->next)
        if (job_uses(group, l))
            status = library_fetch(l);
    return status;
}

static void settle_libraries(struct session *session, bool keep)
{
    for (struct library *l = session->libraries; l != NULL; l = l->next)
        library_settle(l, keep);
}

static int reload_named(struct session *session, const char *name, const struct wish *wish)
{
    elfin_module *module = elfin_find_module(&session->space, name);
    struct turn turn = { .wanted = true };
    elfin_module_info info;
    int status;

    if (module == NULL)
        return command_error("there is no module %s", name);
    elfin_module_get(module, &info);
    turn.group = info.group;
    if (origin_of(session, turn.group) == NULL)
        return command_error("%s was not loaded here: it is not known from which file", name);
    status = fetch_libraries(session, turn.group);
    if (status == STATUS_SUCCESS)
        status = reload_group(session, &turn, wish, false);
    settle_libraries(session, status == STATUS_SUCCESS);
    return status;
}

/* ---- All that have changed ------------------------------------------------------------------- */

static size_t count_groups(const struct session *session)
{
    size_t count = 0;

    for (const struct origin *origin = session->origins; origin != NULL; origin = origin->next)
        count++;
    return count;
}

/* Finds out whether the group's files have changed. */
static int look(struct session *session, struct turn *turn)
{
    const struct origin *origin = origin_of(session, turn->group);
    struct job job;
    int status = job_begin(&job, session, origin->count, origin->words);

    if (status == STATUS_SUCCESS && job_digest(&job, turn->group) != origin->digest) {
        status = check_names(&job, turn->group);
        turn->wanted = status == STATUS_SUCCESS;
    }
    job_end(&job);
    return status;
}

static size_t count_wanted(const struct turn *turns, size_t count)
{
    size_t wanted = 0;

    for (size_t i = 0; i < count; i++)
        wanted += turns[i].wanted;
    return wanted;
}

/*
 * In the order of their loads. One may need what another is about to get (a new export, the last
 * use of an old one gone): so those that fail are tried again after others have succeeded, and
 * what is wrong with them is told when that does not help.
 */
static int reload_turns(struct session *session, struct turn *turns, size_t count)
{
    static const struct wish nothing;
    size_t wanted = count_wanted(turns, count), before = wanted + 1;
    int status = STATUS_SUCCESS;

    while (wanted > 1 && wanted < before) {
        for (size_t i = 0; i < count; i++)
            if (turns[i].wanted)
                (void)reload_group(session, &turns[i], &nothing, true);
        before = wanted;
        wanted = count_wanted(turns, count);
    }
    for (size_t i = 0; i < count; i++)
        if (turns[i].wanted) {
            int failure = reload_group(session, &turns[i], &nothing, false);
            status = failure != STATUS_SUCCESS ? failure : status;
        }
    return status;
}

/* All of a session's, the one that was loaded first at the front. */
static struct turn *make_turns(const struct session *session, size_t count)
{
    struct turn *turns = mini_heap_alloc(platform_heap, (count + 1) * sizeof(*turns));
    size_t next = 0;

    for (elfin_group *group = elfin_next_group(&session->space, NULL);
         turns != NULL && group != NULL && next < count;
         group = elfin_next_group(&session->space, group))
        if (origin_of(session, group) != NULL)
            turns[next++] = (struct turn){ .group = group };
    return turns;
}

/* A library is the newer one if a group has it now, or none uses it. */
static void settle_changed(struct session *session, const struct turn *turns, size_t count)
{
    for (struct library *l = session->libraries; l != NULL; l = l->next) {
        bool used = false, done = false;
        for (size_t i = 0; i < count; i++)
            if (job_uses(turns[i].group, l)) {
                used = true;
                done = done || turns[i].done;
            }
        library_settle(l, done || !used);
    }
}

static int reload_changed(struct session *session)
{
    size_t count = count_groups(session), wanted;
    struct turn *turns = make_turns(session, count);
    int status = STATUS_SUCCESS, failure;

    if (turns == NULL)
        return command_error("out of memory");
    for (struct library *l = session->libraries; l != NULL; l = l->next)
        if ((failure = library_fetch(l)) != STATUS_SUCCESS)
            status = failure;
    for (size_t i = 0; i < count; i++)
        if ((failure = look(session, &turns[i])) != STATUS_SUCCESS)
            status = failure;
    wanted = count_wanted(turns, count);
    if ((failure = reload_turns(session, turns, count)) != STATUS_SUCCESS)
        status = failure;
    settle_changed(session, turns, count);
    (void)mini_heap_free(platform_heap, turns);
    if (wanted == 0 && status == STATUS_SUCCESS && !session->quiet)
        console_print("no module's files have changed\n");
    return status;
}

/* ---- The command ----------------------------------------------------------------------------- */

int command_reload(struct session *session, int count, char **words)
{
    const char *fixed = platform_files_fixed();
    struct wish wish = { .fresh = false };

    for (int i = 2; i < count; i++) {
        bool is_fresh = mini_str_equal(words[i], "fresh");
        if (!is_fresh && !mini_str_equal(words[i], "keep"))
            return command_error("%s: neither fresh nor keep", words[i]);
        wish.fresh = wish.fresh || is_fresh;
        wish.keep = wish.keep || !is_fresh;
    }
    if (fixed != NULL)
        return command_error("reload: %s", fixed);
    return count > 1 ? reload_named(session, words[1], &wish) : reload_changed(session);
}
