/* SPDX-License-Identifier: MIT */
#ifndef TESTS_QEMU_HOST_FIRMWARE_H
#define TESTS_QEMU_HOST_FIRMWARE_H

#include <stdbool.h>
#include <stdint.h>

#include <efi.h>

/*
 * A firmware of which only the services that uefi/host.c calls exist. Its memory is made of
 * numbers: nothing lies behind the pages it gives at an address, while those it chooses itself are
 * real. It aborts the program when it is asked for something that firmware would be corrupted by.
 */
enum {
    ATTRIBUTE_RP = 0x2000,
    ATTRIBUTE_XP = 0x4000,
    ATTRIBUTE_RO = 0x20000,
    MAX_PIECES = 4096
};

struct fake_piece {
    uint64_t base, pages;
    EFI_MEMORY_TYPE type;
    void *real; /* what AllocateAnyPages returned */
};

/* Free at first. Ascending, and apart. */
struct fake_memory {
    uint64_t base, pages;
};

/* What the firmware has to set page rights with. */
enum fake_rights {
    FAKE_NOTHING,
    FAKE_PROTOCOL, /* EFI_MEMORY_ATTRIBUTE_PROTOCOL */
    FAKE_SERVICES, /* the DXE services */
    FAKE_BOTH
};

struct fake_firmware {
    EFI_SYSTEM_TABLE table;
    EFI_BOOT_SERVICES services;
    struct fake_piece pieces[MAX_PIECES]; /* allocated */
    unsigned piece_count;
    enum fake_rights rights;
    EFI_CONFIGURATION_TABLE tables[2];
    unsigned fail_set;      /* that many calls of `set` from now on: the last fails; 0: none */
    unsigned fail_any;      /* likewise for AllocateAnyPages */
    unsigned race;          /* that many AllocateAddress find that somebody was faster */
    uint64_t refuse_low;    /* AllocateAddress of any page in these limits fails for no reason */
    uint64_t refuse_high;   /* exclusive */
    unsigned map_fragments; /* entries of one page each to add to the map */
    unsigned map_reads;
    const struct fake_memory *memory;
    unsigned memory_count;
};

extern struct fake_firmware fake;

void fake_init(enum fake_rights rights);

/* Attributes of one page of an allocated piece. */
uint64_t fake_attributes(uint64_t address);

/* Pages that are allocated. */
uint64_t fake_outstanding(void);

#endif
