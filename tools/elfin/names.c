/* SPDX-License-Identifier: MIT */
/* elfin names: a C source with the functions of a linked program, for elfin_code_image. */
#include "tools/elfin/command.h"
#include "tools/elfin/files.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <elfin/debug.h>

struct function {
    uint64_t address, size;
    const char *name;
    int rank; /* of those with one address the greatest is kept */
};

struct program {
    struct file file;
    const Elf64_Shdr *sections;
    size_t section_count;
    const Elf64_Sym *symbols;
    size_t symbol_count;
    const char *names;
    size_t names_size;
    struct function *functions;
    size_t count;
    uint64_t from;
};

struct job {
    const char *path, *name, *from;
};

enum {
    OPTION_NAME = 256,
    OPTION_FROM
};

static const struct option options[] = {
    { "name", required_argument, NULL, OPTION_NAME },
    { "from", required_argument, NULL, OPTION_FROM },
    OPTION_HELP_ROW,
    { 0 },
};

/* What lies in the file, aligned as memory of malloc is; NULL: it does not. */
static const void *bytes_at(const struct program *p, uint64_t offset, uint64_t size)
{
    if (offset > p->file.size || size > p->file.size - offset || offset % 8 != 0)
        return NULL;
    return p->file.data + offset;
}

static bool find_symbols(struct program *p)
{
    for (size_t i = 0; i < p->section_count; i++) {
        const Elf64_Shdr *table = &p->sections[i], *names;

        if (table->sh_type != SHT_SYMTAB || table->sh_link >= p->section_count)
            continue;
        names = &p->sections[table->sh_link];
        p->symbols = bytes_at(p, table->sh_offset, table->sh_size);
        p->symbol_count = table->sh_size / sizeof(Elf64_Sym);
        p->names_size = names->sh_size;
        if (p->symbols == NULL || names->sh_size == 0 || names->sh_offset > p->file.size ||
            names->sh_size > p->file.size - names->sh_offset)
            return false;
        p->names = p->file.data + names->sh_offset;
        return p->names[names->sh_size - 1] == '\0';
    }
    return false;
}

static bool open_program(struct program *p)
{
    const Elf64_Ehdr *header = bytes_at(p, 0, sizeof(*header));

    if (header == NULL || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != EM_X86_64 ||
        (header->e_type != ET_EXEC && header->e_type != ET_DYN) ||
        header->e_shentsize != sizeof(Elf64_Shdr))
        return false;
    p->section_count = header->e_shnum;
    p->sections = bytes_at(p, header->e_shoff, p->section_count * sizeof(Elf64_Shdr));
    return p->sections != NULL && find_symbols(p);
}

static const char *name_of(const struct program *p, const Elf64_Sym *symbol)
{
    return symbol->st_name < p->names_size ? p->names + symbol->st_name : "";
}

static bool is_function(const struct program *p, const Elf64_Sym *symbol)
{
    unsigned type = ELF64_ST_TYPE(symbol->st_info);
    const char *name = name_of(p, symbol);

    return symbol->st_shndx < p->section_count &&
           p->sections[symbol->st_shndx].sh_flags & SHF_EXECINSTR &&
           (type == STT_FUNC || type == STT_NOTYPE) && name[0] != '\0' &&
           strncmp(name, ".L", 2) != 0;
}

static int compare(const void *a, const void *b)
{
    const struct function *x = a, *y = b;

    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank > y->rank ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* What has no size extends to what follows. */
static void select_functions(struct program *p)
{
    size_t kept = 0;

    qsort(p->functions, p->count, sizeof(*p->functions), compare);
    for (size_t i = 0; i < p->count; i++) {
        struct function *last = kept != 0 ? &p->functions[kept - 1] : NULL;

        if (last != NULL && last->address == p->functions[i].address)
            continue;
        if (last != NULL && last->size == 0)
            last->size = p->functions[i].address - last->address;
        p->functions[kept++] = p->functions[i];
    }
    p->count = kept;
}

static bool collect(struct program *p, const char *from)
{
    bool found = false;

    p->functions = calloc(p->symbol_count + 1, sizeof(*p->functions));
    if (p->functions == NULL)
        return false;
    for (size_t i = 1; i < p->symbol_count; i++) {
        const Elf64_Sym *symbol = &p->symbols[i];

        if (symbol->st_shndx != SHN_UNDEF && strcmp(name_of(p, symbol), from) == 0) {
            p->from = symbol->st_value;
            found = true;
        }
        if (is_function(p, symbol))
            p->functions[p->count++] = (struct function){
                .address = symbol->st_value,
                .size = symbol->st_size,
                .name = name_of(p, symbol),
                .rank = (ELF64_ST_TYPE(symbol->st_info) == STT_FUNC) * 2 +
                        (ELF64_ST_BIND(symbol->st_info) != STB_LOCAL),
            };
    }
    select_functions(p);
    return found;
}

static void put_source(const struct program *p, const char *name)
{
    size_t used = 1, count = 0;

    puts("/* Made by elfin names; not to be edited. */\n#include <elfin/debug.h>\n\n"
         "static const struct elfin_symbol_row rows[] = {");
    for (size_t i = 0; i < p->count; i++) {
        const struct function *f = &p->functions[i];

        if (f->address < p->from || f->address - p->from > UINT32_MAX)
            continue;
        printf("    { 0x%" PRIx64 ", 0x%" PRIx64 ", %zu },\n", f->address - p->from,
               f->size < UINT32_MAX ? f->size : UINT32_MAX, used);
        used += strlen(f->name) + 1;
        count++;
    }
    puts("};\n\nstatic const char names[] = \"\\0\"");
    for (size_t i = 0; i < p->count; i++)
        if (p->functions[i].address >= p->from && p->functions[i].address - p->from <= UINT32_MAX)
            printf("    \"%s\\0\"\n", p->functions[i].name);
    printf(
        "    ;\n\nextern const elfin_symbol_table %s;\nconst elfin_symbol_table %s = {\n"
        "    .version = %d, .count = %zu, .rows = rows, .names = names, .names_size = %zu,\n};\n",
        name, name, (int)ELFIN_SYMBOL_TABLE_VERSION, count, used);
}

static bool is_printable(const struct program *p)
{
    for (size_t i = 0; i < p->count; i++)
        for (const char *c = p->functions[i].name; *c != '\0'; c++)
            if (*c < ' ' || *c > '~' || strchr("\"\\?", *c) != NULL)
                return false;
    return true;
}

static int write_names(const struct job *job)
{
    struct program p = { 0 };
    int status = STATUS_PROBLEM;

    if (!file_read(job->path, &p.file))
        return STATUS_PROBLEM;
    if (!open_program(&p)) {
        fprintf(stderr, "elfin: %s: not a linked x86-64 program with a symbol table\n", job->path);
    } else if (!collect(&p, job->from)) {
        fprintf(stderr, "elfin: %s: no symbol %s\n", job->path, job->from);
    } else if (p.count == 0 || !is_printable(&p)) {
        fprintf(stderr, "elfin: %s: no functions, or names that C does not have\n", job->path);
    } else {
        put_source(&p, job->name);
        status = STATUS_GOOD;
    }
    free(p.functions);
    file_free(&p.file);
    return status;
}

static int run(int argc, char **argv)
{
    struct job job = { .name = "elfin_names" };
    struct words words = {
        .command = &command_names, .options = options, .argc = argc, .argv = argv
    };
    int option;

    while ((option = next_option(&words)) != OPTION_END) {
        if (option == OPTION_HELP) {
            fputs(command_names.help, stdout);
            return STATUS_GOOD;
        }
        if (option == OPTION_ERROR)
            return STATUS_USAGE;
        if (option == OPTION_NAME)
            job.name = optarg;
        else if (option == OPTION_FROM)
            job.from = optarg;
        else if (job.path != NULL)
            return usage_error(&command_names, "one file only");
        else
            job.path = optarg;
    }
    if (job.path == NULL || job.from == NULL)
        return usage_error(&command_names,
                           job.path == NULL ? "no file is given" : "--from is not given");
    return write_names(&job);
}

const struct command command_names = {
    .name = "names",
    .summary = "write the functions of a linked program as a C source",
    .help =
        "Usage: elfin names --from SYMBOL [--name SYMBOL] FILE\n"
        "Writes a table of all functions of an executable or shared object, static ones too, as\n"
        "a C source, to standard output. The program is then linked once more, with it, so that\n"
        "it can name its own functions (elfin_code_image).\n"
        "\n"
        "  FILE           the program, linked without the table, with a symbol table\n"
        "  --from SYMBOL  what addresses count from: the start of its code, or what is before it\n"
        "                 and does not move when constants are added\n"
        "  --name SYMBOL  the name of the table (elfin_names)\n"
        "  --help         show this text\n"
        "\n"
        "Exit status: 0 written, 1 problems (all on standard error), 2 a wrong command line.\n",
    .run = run,
};
