// SPDX-License-Identifier: GPL-2.0-or-later
/* The character device: what it refuses, and that its mappings cannot be made into more than they are. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

FIXTURE(device) {
	struct kit kit;
	int fd;
	uint32_t fresh;
};

FIXTURE_SETUP(device)
{
	static const struct ktally_insn fold[] = { EXIT(FOLDED) };
	struct kit *kit = &self->kit;

	OK(kit, kit_open(kit));
	kit->plan->ring_size = 8192;
	kit->plan->stack_entries = 16;
	OK(kit, kit_table(kit, 16, 1, NULL, NULL, 0));
	OK(kit, kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", PROGRAM(fold)));
	OK(kit, kit_make(kit));
	self->fresh = kit->session;
	OK(kit, kit_start(kit));
	OK(kit, kit_make(kit));
	/* kit->session is a NEW session now, self->fresh the one that runs; name them by what they are. */
	{
		uint32_t fresh = kit->session;

		kit->session = self->fresh;
		self->fresh = fresh;
	}
	self->fd = open(KTALLY_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(device)
{
	close(self->fd);
	ktally_client_delete(self->kit.client, self->fresh, NULL);
	kit_close(&self->kit);
}

/* An ioctl's errno, 0 if it was done. */
static int call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? errno : 0;
}

static int attach(int fd, uint32_t session)
{
	struct ktally_attach arg = { .size = sizeof(arg), .session = session };

	return call(fd, KTALLY_IOC_ATTACH, &arg);
}

static int find(int fd, struct ktally_region *region, uint32_t kind, uint32_t cpu, uint32_t index)
{
	*region = (struct ktally_region){ .size = sizeof(*region), .kind = kind, .cpu = cpu, .index = index };
	return call(fd, KTALLY_IOC_REGION, region);
}

/* An mmap's errno, 0 if it is mapped; the mapping goes away again. */
static int map(int fd, uint64_t offset, uint64_t length, int prot, int flags)
{
	void *at = mmap(NULL, length, prot, flags, fd, offset);

	if (at == MAP_FAILED)
		return errno;
	munmap(at, length);
	return 0;
}

TEST_F(device, attach)
{
	struct ktally_attach arg = { .size = sizeof(arg), .session = self->kit.session };
	int fd = self->fd;

	EXPECT_EQ(ENOENT, attach(fd, 0));
	EXPECT_EQ(ENOENT, attach(fd, UINT32_MAX));
	EXPECT_EQ(EAGAIN, attach(fd, self->fresh));
	arg.size--;
	EXPECT_EQ(EINVAL, call(fd, KTALLY_IOC_ATTACH, &arg));
	arg.size = 0;
	EXPECT_EQ(EINVAL, call(fd, KTALLY_IOC_ATTACH, &arg));
	arg.size = sizeof(arg) + 8;
	EXPECT_EQ(EINVAL, call(fd, KTALLY_IOC_ATTACH, &arg));
	EXPECT_EQ(EFAULT, call(fd, KTALLY_IOC_ATTACH, NULL));
	EXPECT_EQ(EFAULT, call(fd, KTALLY_IOC_ATTACH, (void *)-8L));
	EXPECT_EQ(ENOTTY, call(fd, _IOWR(KTALLY_IOC_MAGIC, 3, struct ktally_attach), &arg));
	EXPECT_EQ(ENOTTY, call(fd, _IOWR(KTALLY_IOC_MAGIC, 1, struct ktally_region), &arg));
	EXPECT_EQ(ENOTTY, call(fd, 0, &arg));
	EXPECT_EQ(ENOTCONN, map(fd, 0, 4096, PROT_READ, MAP_SHARED));
	arg.size = sizeof(arg);
	EXPECT_EQ(0, call(fd, KTALLY_IOC_ATTACH, &arg));
	EXPECT_LE(2, arg.nr_cpus);
	EXPECT_EQ(KTALLY_STATE_RUNNING, arg.state);
	EXPECT_EQ(EBUSY, attach(fd, self->kit.session));
	EXPECT_EQ(ENOENT, attach(fd, UINT32_MAX));
}

TEST_F(device, regions)
{
	struct ktally_region region;
	int fd = self->fd;

	EXPECT_EQ(ENOTCONN, find(fd, &region, KTALLY_REGION_HALF, 0, 0));
	ASSERT_EQ(0, attach(fd, self->kit.session));
	EXPECT_EQ(EINVAL, find(fd, &region, __KTALLY_REGION_END, 0, 0));
	EXPECT_EQ(EINVAL, find(fd, &region, UINT32_MAX, 0, 0));
	EXPECT_EQ(EINVAL, find(fd, &region, KTALLY_REGION_HALF, 0, 2));
	EXPECT_EQ(EINVAL, find(fd, &region, KTALLY_REGION_RING, 0, 1));
	EXPECT_EQ(ENXIO, find(fd, &region, KTALLY_REGION_HALF, 100000, 0));
	EXPECT_EQ(ENXIO, find(fd, &region, KTALLY_REGION_HALF, UINT32_MAX, 0));
	region.size = 8;
	EXPECT_EQ(EINVAL, call(fd, KTALLY_IOC_REGION, &region));
	EXPECT_EQ(EFAULT, call(fd, KTALLY_IOC_REGION, (void *)8));
	EXPECT_EQ(0, find(fd, &region, KTALLY_REGION_STACKS, 1, 0));
	EXPECT_LT(0, region.length);
	EXPECT_EQ(0, region.offset % 4096);
	EXPECT_EQ(0, region.length % 4096);
}

TEST_F(device, only_what_is_there_can_be_mapped)
{
	struct ktally_region region;
	int fd = self->fd;

	ASSERT_EQ(0, attach(fd, self->kit.session));
	ASSERT_EQ(0, find(fd, &region, KTALLY_REGION_RING, 0, 0));
	EXPECT_EQ(0, map(fd, region.offset, region.length, PROT_READ, MAP_SHARED));
	EXPECT_EQ(EINVAL, map(fd, region.offset + 4096, region.length, PROT_READ, MAP_SHARED));
	EXPECT_EQ(EINVAL, map(fd, region.offset, region.length + 4096, PROT_READ, MAP_SHARED));
	EXPECT_EQ(EINVAL, map(fd, region.offset, region.length - 4096, PROT_READ, MAP_SHARED));
	EXPECT_EQ(EINVAL, map(fd, 1ULL << 40, 4096, PROT_READ, MAP_SHARED));
	EXPECT_NE(0, map(fd, -4096ULL, 4096, PROT_READ, MAP_SHARED));
}

static const uint32_t read_only[] = { KTALLY_REGION_HALF, KTALLY_REGION_RING, KTALLY_REGION_STACKS };

TEST_F(device, read_only_stays_read_only)
{
	struct ktally_region region;
	unsigned int i;
	int fd = self->fd;

	ASSERT_EQ(0, attach(fd, self->kit.session));
	for (i = 0; i < COUNTOF(read_only); i++) {
		void *at;

		ASSERT_EQ(0, find(fd, &region, read_only[i], 0, 0));
		EXPECT_EQ(EACCES, map(fd, region.offset, region.length, PROT_READ | PROT_WRITE, MAP_SHARED));
		EXPECT_EQ(EACCES, map(fd, region.offset, region.length, PROT_READ | PROT_WRITE, MAP_PRIVATE));
		EXPECT_EQ(EACCES, map(fd, region.offset, region.length, PROT_READ | PROT_EXEC, MAP_SHARED));
		at = mmap(NULL, region.length, PROT_READ, MAP_SHARED, fd, region.offset);
		ASSERT_NE(MAP_FAILED, at);
		EXPECT_EQ(-1, mprotect(at, region.length, PROT_READ | PROT_WRITE));
		EXPECT_EQ(EACCES, errno);
		EXPECT_EQ(-1, mprotect(at, region.length, PROT_READ | PROT_EXEC));
		EXPECT_EQ(EACCES, errno);
		EXPECT_EQ(MAP_FAILED, mremap(at, region.length, region.length * 2, MREMAP_MAYMOVE));
		munmap(at, region.length);
	}
}

/* The one writable page is one page, and not the next one's. */
TEST_F(device, consumer_page)
{
	struct ktally_region region;
	uint64_t *at;
	int fd = self->fd;

	ASSERT_EQ(0, attach(fd, self->kit.session));
	ASSERT_EQ(0, find(fd, &region, KTALLY_REGION_CONSUMER, 1, 0));
	EXPECT_EQ(4096, region.length);
	EXPECT_EQ(EACCES, map(fd, region.offset, region.length, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED));
	at = mmap(NULL, region.length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, region.offset);
	ASSERT_NE(MAP_FAILED, at);
	memset(at, 0xff, region.length);
	kit_calls(101);
	EXPECT_EQ(UINT64_MAX, at[0]);
	EXPECT_EQ(-1, mprotect(at, region.length, PROT_EXEC));
	munmap(at, region.length);
}

/* Mappings outlive the file, the session and, in a child, their maker. */
TEST_F(device, mapping_outlives_everything)
{
	struct ktally_region region;
	const struct ktally_half *half;
	int status;
	pid_t child;

	ASSERT_EQ(0, attach(self->fd, self->kit.session));
	ASSERT_EQ(0, find(self->fd, &region, KTALLY_REGION_HALF, 0, 0));
	half = mmap(NULL, region.length, PROT_READ, MAP_SHARED, self->fd, region.offset);
	ASSERT_NE(MAP_FAILED, half);
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(self->fd);
		ktally_device_close(self->kit.dev);
		kit_sleep_ms(200);
		_exit(half->magic == KTALLY_HALF_MAGIC && half->length == region.length ? 0 : 1);
	}
	munmap((void *)half, region.length);
	close(self->fd);
	OK(&self->kit, ktally_client_delete(self->kit.client, self->kit.session, &self->kit.err));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

/* A descriptor that was handed down attaches nobody. */
TEST_F(device, no_privilege)
{
	int status;
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child) {
		if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
			_exit(1);
		if (open(KTALLY_DEVICE, O_RDONLY) >= 0 || errno != EACCES)
			_exit(2);
		_exit(attach(self->fd, self->kit.session) == EPERM ? 0 : 3);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN
