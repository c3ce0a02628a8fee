/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that a guest could not start in, by what they begin with. Whoever gives one has missed a step: the message says
 * which. Magic numbers are those of each format's own specification.
 */
#include "fdt_good.h"
#include "qvm/arch.h"
#include "qvm/load.h"
#include <libfdt.h>
#include <string.h>

#define UNPACK  "unpack it first"
#define MACHINE "a guest is " ARCH_MACHINE ": load a kernel that was built for arm64"

static const struct load_format formats[] = {
    /* A gzip file is told by its method too: 8 is the only one. */
    {"compressed by gzip", UNPACK ", or let `bulkhead image` do it", 0, 3, "\x1f\x8b\x08"},
    {"compressed by xz", UNPACK, 0, 6,
     "\xfd"
     "7zXZ\0"},
    {"compressed by bzip2", UNPACK, 0, 3, "BZh"},
    {"compressed by zstd", UNPACK, 0, 4, "\x28\xb5\x2f\xfd"},
    {"compressed by lz4", UNPACK, 0, 4, "\x04\x22\x4d\x18"},
    {"compressed by lz4 (as Linux does it)", UNPACK, 0, 4, "\x02\x21\x4c\x18"},
    {"compressed by lzma", UNPACK, 0, 3, "\x5d\0\0"},
    {"compressed by lzop", UNPACK, 0, 4, "\x89LZO"},
    {"compressed by compress", UNPACK, 0, 2, "\x1f\x9d"},
    {"a zip archive", UNPACK, 0, 4, "PK\3\4"},
    {"a 7-Zip archive", UNPACK, 0, 6, "7z\xbc\xaf\x27\x1c"},
    {"a U-Boot uImage", "load what it was made of, or take its first 64 bytes away", 0, 4, "\x27\x05\x19\x56"},
    {"an Android boot image", "load its kernel: unpack_bootimg takes it out", 0, 8, "ANDROID!"},
    {"an Android vendor boot image", "load the kernel of the boot image instead", 0, 8, "VNDRBOOT"},
    {"an Android device tree table", "load a kernel here, and one of its trees with `fdt load`", 0, 4,
     "\xd7\xb7\xab\x1e"},
    {"a cpio archive", "load a kernel here; a RAM disk is loaded with `initrd load`", 0, 5, "07070"},
    {"a cpio archive", "load a kernel here; a RAM disk is loaded with `initrd load`", 0, 2, "\xc7\x71"},
    {"a tar archive", UNPACK, 257, 5, "ustar"},
    {"a squashfs file system", "load a kernel here", 0, 4, "hsqs"},
    /* With the state of the file system after it: two bytes alone may be anything. */
    {"an ext2, ext3 or ext4 file system", "load a kernel here", 0x438, 4, "\x53\xef\1\0"},
    {"an ext2, ext3 or ext4 file system", "load a kernel here", 0x438, 4, "\x53\xef\0\0"},
    {"an EROFS file system", "load a kernel here", 0x400, 4, "\xe2\xe1\xf5\xe0"},
    {"a partitioned disk", "load a kernel here", 0x200, 8, "EFI PART"},
    {"an Android sparse image", "load a kernel here", 0, 4, "\x3a\xff\x26\xed"},
    {"Android verified boot's data", "load a kernel here", 0, 4, "AVB0"},
    {"a firmware image package", "load a kernel here", 0, 4, "\1\0\x64\xaa"},
    {"a CD image", "load a kernel here", 0x8001, 5, "CD001"},
    {"a qcow2 disk image", "load a kernel here", 0, 4, "QFI\xfb"},
    {"a script", "load a program here", 0, 2, "#!"},
    {"device tree source", "compile it with dtc, and load it with `fdt load`", 0, 8, "/dts-v1/"},
    {"a page of the web", "fetch the file itself", 0, 9, "<!DOCTYPE"},
    {"a page of the web", "fetch the file itself", 0, 9, "<!doctype"},
    {"a page of the web", "fetch the file itself", 0, 5, "<html"},
    {"a pointer of Git LFS", "fetch the file itself with `git lfs pull`", 0, 19, "version https://git"},
    {"a static library", "link it into a program", 0, 7, "!<arch>"},
    {"a Mach-O program", "link it as an ELF executable", 0, 4, "\xcf\xfa\xed\xfe"},
    {"the Image of a RISC-V kernel", MACHINE, 48, 5, "RISCV"},
    {"the Image of a RISC-V kernel", MACHINE, 56, 4, "RSC\5"},
    {"the zImage of a 32-bit Arm kernel", MACHINE, 36, 4, "\x18\x28\x6f\x01"},
    {"the bzImage of an x86 kernel", MACHINE, 0x202, 4, "HdrS"},
    /* Both begin with MZ, as does an arm64 Image, which was looked for before. */
    {"an EFI zboot kernel", "take the Image out of it, or let `bulkhead image` do it", 4, 4, "zimg"},
    {"an EFI or Windows program (PE)", "load a plain Image or an ELF file", 0, 2, "MZ"},
};

/* A FIT is a device tree with nodes `images` and `configurations` (Flattened Image Tree specification, 0.8). */
static bool is_fit(const void *file, uint64_t bytes)
{
	return fdt_good(file, bytes) && fdt_subnode_offset(file, 0, "images") > 0 &&
	       fdt_subnode_offset(file, 0, "configurations") > 0;
}

/* No AArch64 code looks like this for so long. */
static bool is_text(const uint8_t *file, uint64_t bytes)
{
	uint64_t i;

	for (i = 0; i < bytes && i < 64; i++)
		if ((file[i] < ' ' || file[i] > '~') && file[i] != '\n' && file[i] != '\r' && file[i] != '\t')
			return false;
	return i != 0;
}

const struct load_format *load_format_of(const void *file, uint64_t bytes)
{
	static const struct load_format text = {
	    .name = "text", .remedy = "load a program here; `objcopy -O binary` makes one of a hex or S-record file"};
	static const struct load_format fit = {.name = "a FIT image",
					       .remedy = "load its kernel, device tree and RAM disk, each by itself: "
							 "dumpimage takes them out"};

	for (unsigned i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		const struct load_format *f = &formats[i];

		if (bytes >= f->offset + f->bytes && memcmp((const char *)file + f->offset, f->magic, f->bytes) == 0)
			return f;
	}
	if (is_fit(file, bytes))
		return &fit;
	return is_text(file, bytes) ? &text : NULL;
}

static bool fdt_is(const void *file, uint64_t bytes)
{
	/* Devicetree Specification v0.4, section 5.2: the magic is big-endian. */
	static const uint8_t magic[4] = {0xd0, 0x0d, 0xfe, 0xed};

	return bytes >= sizeof(magic) && memcmp(file, magic, sizeof(magic)) == 0;
}

bool load_is_fdt(const void *file, uint64_t bytes)
{
	return fdt_is(file, bytes) && !is_fit(file, bytes);
}

/* Source may begin with comments. */
static bool is_source(const char *file, uint64_t bytes)
{
	static const char mark[] = "/dts-v1/";
	const uint64_t end = bytes < 4096 ? bytes : 4096;

	for (uint64_t i = 0; i + sizeof(mark) - 1 <= end; i++)
		if (memcmp(file + i, mark, sizeof(mark) - 1) == 0)
			return true;
	return false;
}

bool load_fdt_good(struct loader *l, const void *file, uint64_t bytes)
{
	const struct load_format *format = load_format_of(file, bytes);

	if (is_source(file, bytes))
		return loader_fail(l, "this is device tree source: compile it with dtc");
	if (format)
		return loader_fail(l, "this is no device tree blob, but %s: load a blob, as dtc makes it",
				   format->name);
	if (!fdt_is(file, bytes))
		return loader_fail(l, "this is no device tree blob (made by dtc)");
	if (bytes > GUEST_FDT_MAX)
		return loader_fail(l, "the device tree is longer than 2 MiB");
	return true;
}
