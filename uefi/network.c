/* SPDX-License-Identifier: MIT */
#include "uefi/network.h"

#include "libmini/fmt.h"
#include "libmini/mem.h"
#include "libmini/str.h"

#define FILE_MAX   (UINT64_C(256) << 20)
#define FIRST_SIZE (UINT64_C(256) << 10) /* of a server that does not tell sizes */

enum {
    PATH_SIZE = 512,
    PROBLEM_SIZE = 160,
    BLOCK_SIZE = 1428 /* what an Ethernet frame holds, less the longest header of IPv4 */
};

static struct network_place place;
static EFI_PXE_BASE_CODE_PROTOCOL *network;
static bool started; /* by us */
static char problem[PROBLEM_SIZE];

/* ---- Addresses ------------------------------------------------------------------------------- */

/* A decimal number below 256, and what ends it; NULL: it is none. */
static const char *read_byte(const char *text, char end, uint8_t *out)
{
    unsigned number = 0, digits = 0;

    for (; *text >= '0' && *text <= '9' && digits < 3; text++, digits++)
        number = number * 10 + (unsigned)(*text - '0');
    *out = (uint8_t)number;
    return digits > 0 && number <= UINT8_MAX && *text == end ? text + 1 : NULL;
}

static bool read_address(const char *word, uint8_t out[4])
{
    for (int i = 0; i < 4 && word != NULL; i++)
        word = read_byte(word, i < 3 ? '.' : '\0', &out[i]);
    return word != NULL;
}

bool network_configure(int count, char **words)
{
    struct network_place wanted = { .has_server = count >= 1, .has_own = count == 3 };

    if (count == 2 || count > 3 || (count >= 1 && !read_address(words[0], wanted.server)) ||
        (count == 3 &&
         (!read_address(words[1], wanted.own) || !read_address(words[2], wanted.mask))))
        return false;
    network_end();
    place = wanted;
    return true;
}

static EFI_IP_ADDRESS ip_address(const uint8_t bytes[4])
{
    EFI_IP_ADDRESS address = { .Addr = { 0 } };

    memcpy(&address, bytes, 4);
    return address;
}

/* ---- The firmware's part --------------------------------------------------------------------- */

static const char *complain(const char *what, EFI_STATUS status)
{
    mini_fmt(problem, sizeof(problem), "%s: %s", what,
             status == EFI_TIMEOUT ? "no answer" : firmware_status_text(status));
    return problem;
}

static bool is_network_card(EFI_HANDLE handle)
{
    enum {
        CLASS_OFFSET = 0x0b, /* PCI Local Bus 3.0, section 6.2.1 */
        CLASS_NETWORK = 2
    };
    EFI_GUID guid = EFI_PCI_IO_PROTOCOL_GUID;
    EFI_PCI_IO_PROTOCOL *card;
    uint8_t class = 0;
    void *protocol;

    if (firmware->BootServices->HandleProtocol(handle, &guid, &protocol) != EFI_SUCCESS)
        return false;
    card = protocol;
    return card->Pci.Read(card, EfiPciIoWidthUint8, CLASS_OFFSET, 1, &class) == EFI_SUCCESS &&
           class == CLASS_NETWORK;
}

/* Firmware that knows what it boots from does not connect its drivers to other cards. */
static void connect(void)
{
    EFI_GUID guid = EFI_PCI_IO_PROTOCOL_GUID;
    EFI_BOOT_SERVICES *services = firmware->BootServices;
    EFI_HANDLE *handles;
    UINTN count;

    if (services->LocateHandleBuffer(ByProtocol, &guid, NULL, &count, &handles) != EFI_SUCCESS)
        return;
    for (UINTN i = 0; i < count; i++)
        if (is_network_card(handles[i]))
            services->ConnectController(handles[i], NULL, NULL, TRUE);
    services->FreePool(handles);
}

static bool locate(void)
{
    EFI_GUID guid = EFI_PXE_BASE_CODE_PROTOCOL_GUID;
    void *protocol;

    if (firmware->BootServices->LocateProtocol(&guid, NULL, &protocol) != EFI_SUCCESS)
        return false;
    network = protocol;
    return true;
}

static const char *set_addresses(void)
{
    EFI_IP_ADDRESS own = ip_address(place.own), mask = ip_address(place.mask);
    EFI_STATUS status;

    if (place.has_own) {
        status = network->SetStationIp(network, &own, &mask);
        return status == EFI_SUCCESS ? NULL : complain("the network", status);
    }
    if (network->Mode->DhcpAckReceived)
        return NULL;
    status = network->Dhcp(network, FALSE);
    return status == EFI_SUCCESS ? NULL : complain("DHCP", status);
}

static const char *start(void)
{
    const char *text;
    EFI_STATUS status;

    if (started)
        return NULL;
    if (!locate()) {
        connect();
        if (!locate())
            return "the firmware has no network";
    }
    status = network->Start(network, FALSE);
    if (status == EFI_ALREADY_STARTED) /* the machine has booted from it */
        return network->Mode->UsingIpv6 ? "the firmware's network is in use for IPv6" : NULL;
    if (status != EFI_SUCCESS)
        return complain("the network", status);
    started = true;
    text = set_addresses();
    if (text != NULL)
        network_end();
    return text;
}

void network_end(void)
{
    if (started)
        network->Stop(network);
    started = false;
}

/* ---- Files ----------------------------------------------------------------------------------- */

static EFI_IP_ADDRESS server_address(void)
{
    const EFI_PXE_BASE_CODE_MODE *mode = network->Mode;
    const EFI_PXE_BASE_CODE_PACKET *packet =
        mode->ProxyOfferReceived ? &mode->ProxyOffer : &mode->DhcpAck;

    return ip_address(place.has_server ? place.server : packet->Dhcpv4.BootpSiAddr);
}

/*
 * What the server says, or the firmware. EDK II has the number of an error in the wrong byte order,
 * of which one byte is left; the text is what the server sent.
 */
static const char *read_problem(EFI_STATUS status)
{
    const EFI_PXE_BASE_CODE_TFTP_ERROR *error = &network->Mode->TftpError;
    const char *text = (const char *)error->ErrorString;

    if (status != EFI_TFTP_ERROR || !network->Mode->TftpErrorReceived || text[0] == '\0')
        return complain("TFTP", status);
    mini_fmt(problem, sizeof(problem), "the server says: %.*s",
             (int)mini_strnlen(text, sizeof(error->ErrorString)), text);
    return problem;
}

static EFI_STATUS transfer(EFI_PXE_BASE_CODE_TFTP_OPCODE operation, char *path, void *buffer,
                           uint64_t *size)
{
    EFI_IP_ADDRESS server = server_address();
    UINTN block = BLOCK_SIZE;

    network->Mode->TftpErrorReceived = FALSE;
    return network->Mtftp(network, operation, buffer, FALSE, size, &block, &server, (UINT8 *)path,
                          NULL, FALSE);
}

/* Into a new object of `room` bytes and one; EFI_BUFFER_TOO_SMALL: the file has more. */
static EFI_STATUS read_into(struct mini_heap *heap, char *path, uint64_t room, void **data,
                            size_t *size)
{
    char *memory = mini_heap_alloc(heap, (size_t)room + 1);
    uint64_t length = room;
    EFI_STATUS status;

    if (memory == NULL)
        return EFI_OUT_OF_RESOURCES;
    status = transfer(EFI_PXE_BASE_CODE_TFTP_READ_FILE, path, memory, &length);
    if (status == EFI_SUCCESS && length > room)
        status = EFI_DEVICE_ERROR;
    if (status != EFI_SUCCESS) {
        (void)mini_heap_free(heap, memory);
        return status;
    }
    memory[length] = '\0';
    *data = memory;
    *size = (size_t)length;
    return EFI_SUCCESS;
}

/*
 * The size that the server tells is a first guess: the file may grow or shrink until it is read,
 * and not every server tells.
 */
static const char *read_file(struct mini_heap *heap, char *path, void **data, size_t *size)
{
    uint64_t room = 0;
    EFI_STATUS status = transfer(EFI_PXE_BASE_CODE_TFTP_GET_FILE_SIZE, path, NULL, &room);

    if (status == EFI_TFTP_ERROR)
        return read_problem(status);
    if (status != EFI_SUCCESS || room == 0)
        room = FIRST_SIZE;
    for (; room <= FILE_MAX; room = room < FILE_MAX / 2 || room == FILE_MAX ? room * 2 : FILE_MAX) {
        status = read_into(heap, path, room, data, size);
        if (status != EFI_BUFFER_TOO_SMALL)
            return status == EFI_SUCCESS ? NULL : read_problem(status);
    }
    return "the file has more than 256 MiB";
}

const char *network_read(struct mini_heap *heap, const char *path, void **data, size_t *size)
{
    char name[PATH_SIZE];
    const char *text;

    while (*path == '/' || *path == '\\')
        path++;
    if (*path == '\0' || mini_strlcpy(name, sizeof(name), path) >= sizeof(name))
        return "invalid parameter";
    for (char *c = name; *c != '\0'; c++)
        *c = *c == '\\' ? '/' : *c;
    text = start();
    return text == NULL ? read_file(heap, name, data, size) : text;
}
