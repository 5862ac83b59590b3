/* SPDX-License-Identifier: MIT */
/*
 * uefi/network.c over a firmware and a server that lie, with the sanitizers: sizes that are not the
 * file's, files that grow and shrink while they are read, errors without an end.
 */
#include "tests/lib/test.h"

#include "libmini/heap.h"
#include "uefi/network.h"

static struct {
    EFI_BOOT_SERVICES services;
    EFI_SYSTEM_TABLE table;
    EFI_PXE_BASE_CODE_PROTOCOL protocol;
    EFI_PXE_BASE_CODE_MODE mode;
    EFI_PCI_IO_PROTOCOL card;
    bool has_protocol, connects, grows;
    unsigned starts, stops, connections, reads;
    EFI_STATUS start, dhcp, station, size_status, read_status;
    uint64_t told;   /* size */
    uint64_t size;   /* of the file */
    uint64_t answer; /* what a read says it has read; 0: the truth */
    char path[64];
    EFI_IP_ADDRESS server, own, mask;
} fake;

EFI_SYSTEM_TABLE *firmware = &fake.table;
EFI_HANDLE firmware_image;

const char *firmware_status_text(EFI_STATUS status)
{
    return status == EFI_OUT_OF_RESOURCES ? "out of memory" : "an error";
}

/* ---- The firmware ---------------------------------------------------------------------------- */

static EFI_STATUS EFIAPI locate(EFI_GUID *guid, void *registration, void **interface)
{
    (void)guid;
    (void)registration;
    *interface = &fake.protocol;
    return fake.has_protocol ? EFI_SUCCESS : EFI_NOT_FOUND;
}

static EFI_STATUS EFIAPI handles(EFI_LOCATE_SEARCH_TYPE type, EFI_GUID *guid, void *key,
                                 UINTN *count, EFI_HANDLE **out)
{
    (void)type;
    (void)guid;
    (void)key;
    *count = 3;
    *out = calloc(3, sizeof(**out));
    (*out)[1] = &fake.card;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI protocol_of(EFI_HANDLE handle, EFI_GUID *guid, void **interface)
{
    (void)guid;
    *interface = handle;
    return handle != NULL ? EFI_SUCCESS : EFI_UNSUPPORTED;
}

static EFI_STATUS EFIAPI read_class(EFI_PCI_IO_PROTOCOL *card, EFI_PCI_IO_PROTOCOL_WIDTH width,
                                    UINT32 offset, UINTN count, void *out)
{
    (void)card;
    CHECK(width == EfiPciIoWidthUint8 && offset == 11 && count == 1);
    *(uint8_t *)out = 2;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI connect_card(EFI_HANDLE handle, EFI_HANDLE *drivers, EFI_DEVICE_PATH *path,
                                      BOOLEAN recursive)
{
    CHECK(handle == &fake.card && drivers == NULL && path == NULL && recursive);
    fake.connections++;
    fake.has_protocol = fake.connects;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI free_pool(void *memory)
{
    free(memory);
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI start(EFI_PXE_BASE_CODE_PROTOCOL *this, BOOLEAN ipv6)
{
    CHECK(this == &fake.protocol && !ipv6);
    fake.starts++;
    return fake.start;
}

static EFI_STATUS EFIAPI stop(EFI_PXE_BASE_CODE_PROTOCOL *this)
{
    (void)this;
    fake.stops++;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI dhcp(EFI_PXE_BASE_CODE_PROTOCOL *this, BOOLEAN sort)
{
    static const uint8_t server[4] = { 192, 168, 1, 9 };

    (void)this;
    (void)sort;
    memcpy(fake.mode.DhcpAck.Dhcpv4.BootpSiAddr, server, sizeof(server));
    fake.mode.DhcpAckReceived = fake.dhcp == EFI_SUCCESS;
    return fake.dhcp;
}

static EFI_STATUS EFIAPI set_station(EFI_PXE_BASE_CODE_PROTOCOL *this, EFI_IP_ADDRESS *own,
                                     EFI_IP_ADDRESS *mask)
{
    (void)this;
    fake.own = *own;
    fake.mask = *mask;
    return fake.station;
}

static EFI_STATUS EFIAPI transfer(EFI_PXE_BASE_CODE_PROTOCOL *this,
                                  EFI_PXE_BASE_CODE_TFTP_OPCODE operation, void *buffer,
                                  BOOLEAN overwrite, UINT64 *size, UINTN *block,
                                  EFI_IP_ADDRESS *server, UINT8 *path,
                                  EFI_PXE_BASE_CODE_MTFTP_INFO *info, BOOLEAN no_buffer)
{
    (void)this;
    CHECK(!overwrite && *block == 1428 && info == NULL && !no_buffer);
    snprintf(fake.path, sizeof(fake.path), "%s", (const char *)path);
    fake.server = *server;
    if (operation == EFI_PXE_BASE_CODE_TFTP_GET_FILE_SIZE) {
        *size = fake.told;
        fake.mode.TftpErrorReceived = fake.size_status == EFI_TFTP_ERROR;
        return fake.size_status;
    }
    CHECK(operation == EFI_PXE_BASE_CODE_TFTP_READ_FILE);
    fake.reads++;
    if (fake.read_status != EFI_SUCCESS) {
        fake.mode.TftpErrorReceived = fake.read_status == EFI_TFTP_ERROR;
        return fake.read_status;
    }
    if (fake.grows)
        fake.size = *size + 1;
    if (*size < fake.size)
        return EFI_BUFFER_TOO_SMALL;
    memset(buffer, 'x', fake.size);
    *size = fake.answer != 0 ? fake.answer : fake.size;
    return EFI_SUCCESS;
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static struct mini_heap heap;

static void *grow(void *ctx, size_t size)
{
    (void)ctx;
    return aligned_alloc(4096, size);
}

static void shrink(void *ctx, void *chunk, size_t size)
{
    (void)ctx;
    (void)size;
    free(chunk);
}

static void *data;
static size_t size;

/* A firmware with a card, connected, and a server that tells the truth. */
static void set_up(void)
{
    network_end();
    memset(&fake, 0, sizeof(fake));
    fake.table.BootServices = &fake.services;
    fake.services.LocateProtocol = locate;
    fake.services.LocateHandleBuffer = handles;
    fake.services.HandleProtocol = protocol_of;
    fake.services.ConnectController = connect_card;
    fake.services.FreePool = free_pool;
    fake.card.Pci.Read = read_class;
    fake.protocol = (EFI_PXE_BASE_CODE_PROTOCOL){ .Start = start,
                                                  .Stop = stop,
                                                  .Dhcp = dhcp,
                                                  .SetStationIp = set_station,
                                                  .Mtftp = transfer,
                                                  .Mode = &fake.mode };
    fake.has_protocol = true;
    CHECK(network_configure(0, NULL));
    mini_heap_init(&heap, (size_t)1 << 30, grow, shrink, NULL);
}

static const char *fetch(const char *path)
{
    const char *text = network_read(&heap, path, &data, &size);

    if (text != NULL) /* nothing is left of it */
        CHECK_EQ(mini_heap_statistics(&heap).count, 0);
    return text;
}

static void tear_down(void)
{
    network_end();
    CHECK_EQ(fake.starts, fake.stops);
    mini_heap_drop(&heap);
}

/* ---- Cases ----------------------------------------------------------------------------------- */

static void check_read(uint64_t wanted)
{
    const char *text = fetch("file");

    CHECK_MSG(text == NULL, "%s", text);
    REQUIRE(text == NULL);
    CHECK_EQ(size, wanted);
    for (size_t i = 0; i < size; i++)
        REQUIRE(((char *)data)[i] == 'x');
    CHECK_EQ(((char *)data)[size], 0);
    mini_heap_free(&heap, data);
}

static void sizes(void)
{
    static const struct {
        uint64_t told, size;
        unsigned reads;
    } rows[] = {
        { 1000, 1000, 1 }, { 1, 1, 1 },         { 1000, 999, 1 },  { 1000, 0, 1 },
        { 0, 0, 1 },       { 0, 300 << 10, 2 }, { 1000, 5000, 4 }, { 1, 1 << 20, 21 },
        { 0, 1 << 24, 7 }, { 1000, 1001, 2 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        set_up();
        fake.told = rows[i].told;
        fake.size = rows[i].size;
        check_read(rows[i].size);
        CHECK_EQ(fake.reads, rows[i].reads);
        tear_down();
    }
}

static void no_size_option(void)
{
    set_up();
    fake.size_status = EFI_UNSUPPORTED;
    fake.told = UINT64_MAX;
    fake.size = 100;
    check_read(100);
    tear_down();
}

static void limits(void)
{
    set_up();
    fake.told = (UINT64_C(256) << 20) + 1;
    CHECK_STR(fetch("file"), "the file has more than 256 MiB");
    fake.told = UINT64_MAX;
    CHECK_STR(fetch("file"), "the file has more than 256 MiB");
    CHECK_EQ(fake.reads, 0);
    fake.told = UINT64_C(200) << 20;
    fake.grows = true;
    CHECK_STR(fetch("file"), "the file has more than 256 MiB");
    CHECK_EQ(fake.reads, 2);
    fake.grows = false;
    fake.told = 10;
    fake.size = 10;
    fake.answer = 11; /* more than there was room for */
    CHECK_STR(fetch("file"), "TFTP: an error");
    tear_down();
}

static void errors(void)
{
    set_up();
    fake.size_status = EFI_TFTP_ERROR;
    strcpy((char *)fake.mode.TftpError.ErrorString, "File not found");
    CHECK_STR(fetch("file"), "the server says: File not found");
    memset(fake.mode.TftpError.ErrorString, 'e', sizeof(fake.mode.TftpError.ErrorString));
    CHECK_EQ(strlen(fetch("file")), strlen("the server says: ") + 127);
    fake.mode.TftpError.ErrorString[0] = 0;
    CHECK_STR(fetch("file"), "TFTP: an error");
    fake.size_status = EFI_SUCCESS;
    fake.read_status = EFI_TIMEOUT;
    CHECK_STR(fetch("file"), "TFTP: no answer");
    tear_down();
}

static void paths(void)
{
    char path[600];

    set_up();
    CHECK(fetch("\\/a\\b/c.o") == NULL);
    CHECK_STR(fake.path, "a/b/c.o");
    mini_heap_free(&heap, data);
    CHECK_STR(fetch(""), "invalid parameter");
    CHECK_STR(fetch("/"), "invalid parameter");
    memset(path, 'p', sizeof(path) - 1);
    path[sizeof(path) - 1] = 0;
    CHECK_STR(fetch(path), "invalid parameter");
    tear_down();
}

static void starting(void)
{
    set_up();
    fake.has_protocol = false;
    CHECK_STR(fetch("file"), "the firmware has no network");
    CHECK_EQ(fake.connections, 1);
    fake.connects = true;
    check_read(0);
    check_read(0);
    CHECK_EQ(fake.starts, 1);
    network_end();
    check_read(0);
    CHECK_EQ(fake.starts, 2);
    network_end();
    fake.start = EFI_DEVICE_ERROR;
    CHECK_STR(fetch("file"), "the network: an error");
    fake.start = EFI_SUCCESS;
    fake.dhcp = EFI_TIMEOUT;
    fake.mode.DhcpAckReceived = FALSE;
    CHECK_STR(fetch("file"), "DHCP: no answer");
    CHECK_EQ(fake.starts, fake.stops + 1); /* the one that did not */
    fake.start = EFI_ALREADY_STARTED;      /* the machine has booted from it */
    fake.mode.DhcpAckReceived = TRUE;
    check_read(0);
    fake.mode.UsingIpv6 = TRUE;
    CHECK_STR(fetch("file"), "the firmware's network is in use for IPv6");
    network_end();
    CHECK_EQ(fake.stops, 3);
    mini_heap_drop(&heap);
}

static void addresses(void)
{
    static const uint8_t dhcp_server[4] = { 192, 168, 1, 9 };
    char *words[] = { "10.0.2.2", "10.0.2.15", "255.255.255.0" };
    char *wrong[] = { "",           "10",       "10.0.2",     "10.0.2.",    "10.0.2.2.",
                      "10.0.2.256", "a.b.c.d",  "10.0.2.0x1", "1000.0.0.1", "10..2.2",
                      " 10.0.2.2",  "-1.0.0.0", "...",        "10.0.2.2 ",  "10.0.2.02x" };

    set_up();
    check_read(0);
    CHECK_MEM(&fake.server, dhcp_server, 4);
    CHECK(network_configure(3, words));
    check_read(0);
    CHECK_MEM(&fake.server, "\x0a\x00\x02\x02", 4);
    CHECK_MEM(&fake.own, "\x0a\x00\x02\x0f", 4);
    CHECK_MEM(&fake.mask, "\xff\xff\xff\x00", 4);
    CHECK(!network_configure(2, words) && !network_configure(4, words));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CHECK_MSG(!network_configure(1, &wrong[i]), "%s", wrong[i]);
    check_read(0); /* as before */
    CHECK_MEM(&fake.server, "\x0a\x00\x02\x02", 4);
    tear_down();
}

static const struct test_case cases[] = {
    TEST_CASE(sizes), TEST_CASE(no_size_option), TEST_CASE(limits),    TEST_CASE(errors),
    TEST_CASE(paths), TEST_CASE(starting),       TEST_CASE(addresses),
};

TEST_MAIN("network", cases)
