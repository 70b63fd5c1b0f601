// SPDX-License-Identifier: LGPL-2.1-or-later
/* The character device: attaches to a session and maps its halves, rings, stack stores and pairs. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"

#define CPUS_MAX 65536U
/* Native frames, why there are no more, frames of an interpreter. */
#define STACK_WORDS_MAX (KTALLY_STACK_DEPTH_MAX + 1 + KTALLY_INTERP_DEPTH_MAX)

static void unmap_region(struct ktally_mapping *map)
{
	if (map->base)
		munmap(map->base, map->length);
	map->base = NULL;
	map->length = 0;
}

/* Return: 0; -ENXIO: no memory for that CPU; a region of no length stays unmapped. */
static int map_region(const struct ktally_device *dev, unsigned int cpu, unsigned int kind, unsigned int index,
		      struct ktally_mapping *map)
{
	struct ktally_region region = { .size = sizeof(region), .kind = kind, .cpu = cpu, .index = index };
	int prot = PROT_READ;
	void *base;

	if (ioctl(dev->fd, KTALLY_IOC_REGION, &region) < 0)
		return -errno;
	if (!region.length)
		return 0;
	if (kind == KTALLY_REGION_CONSUMER)
		prot |= PROT_WRITE;
	base = mmap(NULL, region.length, prot, MAP_SHARED, dev->fd, (off_t)region.offset);
	if (base == MAP_FAILED)
		return -errno;
	map->base = base;
	map->length = region.length;
	return 0;
}

static int map_cpu(struct ktally_device *dev, unsigned int cpu)
{
	struct ktally_cpu_regions *regions = &dev->cpus[cpu];
	int ret;

	ret = map_region(dev, cpu, KTALLY_REGION_HALF, 0, &regions->half[0]);
	if (ret == -ENXIO)
		return 0;
	if (!ret)
		ret = map_region(dev, cpu, KTALLY_REGION_HALF, 1, &regions->half[1]);
	if (!ret)
		ret = map_region(dev, cpu, KTALLY_REGION_RING, 0, &regions->ring);
	if (!ret && regions->ring.base)
		ret = map_region(dev, cpu, KTALLY_REGION_CONSUMER, 0, &regions->consumer);
	if (!ret)
		ret = map_region(dev, cpu, KTALLY_REGION_STACKS, 0, &regions->stacks);
	regions->present = !ret;
	return ret;
}

/* One mapping a pair; behind the last there is no such region. */
static int map_pairs(struct ktally_device *dev)
{
	int ret = 0;

	while (dev->nr_pairs < KTALLY_PAIRS_MAX) {
		ret = map_region(dev, 0, KTALLY_REGION_PAIR, dev->nr_pairs, &dev->pairs[dev->nr_pairs]);
		if (ret || !dev->pairs[dev->nr_pairs].base)
			break;
		dev->nr_pairs++;
	}
	return ret == -ENXIO ? 0 : ret;
}

static int open_error(int code, struct ktally_error *err)
{
	if (code == -ENOENT || code == -ENXIO || code == -ENODEV)
		return ktally_fail(err, -ENOENT, "there is no %s: load the module with `modprobe ktally`", KTALLY_DEVICE);
	if (code == -EACCES || code == -EPERM)
		return ktally_fail(err, -EACCES, "cannot open %s: run as root, or give your group access to it", KTALLY_DEVICE);
	return ktally_fail(err, code, "cannot open %s: %s", KTALLY_DEVICE, strerror(-code));
}

static int attach_error(int code, uint32_t session, struct ktally_error *err)
{
	switch (code) {
	case -EAGAIN:
		return ktally_fail(err, code, "session %u was never started, so it has nothing to read; start it first", session);
	case -EPERM:
	case -EACCES:
		return ktally_fail(err, -EACCES, "reading session %u needs CAP_PERFMON or CAP_SYS_ADMIN; run as root", session);
	case -ENOENT:
		return ktally_fail(err, -ESRCH, "there is no session %u; `ktally session list` shows those there are", session);
	case -ENOTTY:
		return ktally_fail(err, -EPROTO, "%s is not ktally's device, or of another version than this program", KTALLY_DEVICE);
	default:
		return ktally_fail(err, code, "cannot attach to session %u: %s", session, strerror(-code));
	}
}

static int attach(struct ktally_device *dev, uint32_t session, struct ktally_error *err)
{
	struct ktally_attach attach = { .size = sizeof(attach), .session = session };
	unsigned int cpu;
	int ret;

	dev->fd = open(KTALLY_DEVICE, O_RDWR | O_CLOEXEC);
	if (dev->fd < 0)
		return open_error(-errno, err);
	if (ioctl(dev->fd, KTALLY_IOC_ATTACH, &attach) < 0)
		return attach_error(-errno, session, err);
	if (!attach.nr_cpus || attach.nr_cpus > CPUS_MAX)
		return ktally_fail(err, -EBADMSG, "the module reports %u CPUs, which cannot be", attach.nr_cpus);
	dev->cpus = calloc(attach.nr_cpus, sizeof(*dev->cpus));
	if (!dev->cpus)
		return ktally_fail(err, -ENOMEM, "out of memory");
	dev->nr_cpus = attach.nr_cpus;
	for (cpu = 0; cpu < dev->nr_cpus; cpu++) {
		ret = map_cpu(dev, cpu);
		if (ret)
			return ktally_fail(err, ret, "cannot map the memory of session %u on CPU %u: %s", session, cpu, strerror(-ret));
	}
	ret = map_pairs(dev);
	if (ret)
		return ktally_fail(err, ret, "cannot map the pairs of session %u: %s", session, strerror(-ret));
	return 0;
}

int ktally_device_open(struct ktally_device **out, uint32_t session, struct ktally_error *err)
{
	struct ktally_device *dev = calloc(1, sizeof(*dev));
	int ret;

	if (!dev)
		return ktally_fail(err, -ENOMEM, "out of memory");
	ret = attach(dev, session, err);
	if (ret) {
		ktally_device_close(dev);
		return ret;
	}
	*out = dev;
	return 0;
}

void ktally_device_close(struct ktally_device *dev)
{
	unsigned int cpu;

	if (!dev)
		return;
	for (cpu = 0; cpu < dev->nr_cpus; cpu++) {
		struct ktally_cpu_regions *regions = &dev->cpus[cpu];

		unmap_region(&regions->half[0]);
		unmap_region(&regions->half[1]);
		unmap_region(&regions->ring);
		unmap_region(&regions->consumer);
		unmap_region(&regions->stacks);
	}
	while (dev->nr_pairs)
		unmap_region(&dev->pairs[--dev->nr_pairs]);
	free(dev->cpus);
	if (dev->fd >= 0)
		close(dev->fd);
	free(dev);
}

int ktally_device_fd(const struct ktally_device *dev)
{
	return dev->fd;
}

const struct ktally_half *ktally_mapping_half(const struct ktally_mapping *map, unsigned int cpu)
{
	const struct ktally_half *half = map->base;

	if (!half || map->length < sizeof(*half) || half->magic != KTALLY_HALF_MAGIC || half->abi != KTALLY_ABI || half->cpu != cpu)
		return NULL;
	if (half->nr_probes > KTALLY_PROBES_MAX || half->nr_tables > KTALLY_TABLES_MAX || half->nr_pairs > KTALLY_PAIRS_MAX)
		return NULL;
	if (!ktally_inside(map->length, half->probes_offset, half->nr_probes * sizeof(struct ktally_probe_count)) ||
	    !ktally_inside(map->length, half->pairs_offset, half->nr_pairs * sizeof(struct ktally_pair_count)) ||
	    !ktally_inside(map->length, half->tables_offset, half->nr_tables * sizeof(struct ktally_table_head)))
		return NULL;
	return half;
}

const struct ktally_table_head *ktally_mapping_table(const struct ktally_mapping *map, unsigned int n)
{
	const struct ktally_half *half = map->base;
	const struct ktally_table_head *head;

	if (n >= half->nr_tables)
		return NULL;
	head = (const void *)((const char *)map->base + half->tables_offset);
	head += n;
	if (!head->capacity || head->used > head->capacity || head->capacity > KTALLY_ROWS_MAX + 1)
		return NULL;
	if (head->nr_keys > KTALLY_KEYS_MAX || head->row_size > KTALLY_ROW_SIZE_MAX || head->row_size & 7 ||
	    head->row_size < (head->nr_keys + 1) * 8)
		return NULL;
	if (!ktally_inside(map->length, head->rows_offset, (uint64_t)head->capacity * head->row_size))
		return NULL;
	return head;
}

const struct ktally_pairs *ktally_mapping_pairs(const struct ktally_mapping *map)
{
	const struct ktally_pairs *pairs = map->base;
	uint64_t words, depth;

	if (!pairs || map->length < sizeof(*pairs) || pairs->magic != KTALLY_PAIRS_MAGIC)
		return NULL;
	if (pairs->nr_keys > KTALLY_PAIR_KEYS_MAX || pairs->nr_saved > KTALLY_PAIR_SAVED_MAX)
		return NULL;
	words = 2 + pairs->nr_keys + pairs->nr_saved;
	depth = pairs->flags & KTALLY_PAIR_NEST ? KTALLY_PAIR_DEPTH : 1;
	if (pairs->frame_size & 7 || pairs->frame_size < words * 8 || pairs->entry_size & 7 ||
	    pairs->entry_size < sizeof(struct ktally_open) + depth * pairs->frame_size)
		return NULL;
	if (!ktally_inside(map->length, pairs->entries_offset, (uint64_t)pairs->capacity * pairs->entry_size))
		return NULL;
	return pairs;
}

uint64_t ktally_pairs_open(const struct ktally_pairs *pairs)
{
	uint64_t open = 0;
	uint32_t i;

	for (i = 0; i < pairs->capacity; i++)
		open += __atomic_load_n(&ktally_pairs_at(pairs, i)->depth, __ATOMIC_RELAXED);
	return open;
}

const struct ktally_ring_page *ktally_mapping_ring(const struct ktally_mapping *map, unsigned int cpu)
{
	const struct ktally_ring_page *page = map->base;

	if (!page || map->length < sizeof(*page) || page->magic != KTALLY_RING_MAGIC || page->cpu != cpu)
		return NULL;
	if (page->mode > KTALLY_RING_MODE_MAX || page->data_size < 64 || page->data_size & (page->data_size - 1))
		return NULL;
	if (page->data_offset < sizeof(*page) || !ktally_inside(map->length, page->data_offset, page->data_size))
		return NULL;
	return page;
}

const uint64_t *ktally_mapping_stack(const struct ktally_mapping *map, uint64_t id, unsigned int *nr)
{
	const struct ktally_stacks *stacks = map->base;
	const struct ktally_stack *stack;
	uint64_t offset, used;

	*nr = 0;
	if (!stacks || !id || id >= KTALLY_STACK_LOST || map->length < sizeof(*stacks) || stacks->magic != KTALLY_STACKS_MAGIC)
		return NULL;
	used = __atomic_load_n(&stacks->used, __ATOMIC_ACQUIRE);
	if (used > stacks->capacity || !ktally_inside(map->length, stacks->entries_offset, stacks->capacity))
		return NULL;
	offset = (id - 1) * 8;
	if (!ktally_inside(used, offset, sizeof(*stack)))
		return NULL;
	stack = (const void *)((const char *)map->base + stacks->entries_offset + offset);
	if (!stack->nr || stack->nr > STACK_WORDS_MAX || !ktally_inside(used, offset, sizeof(*stack) + stack->nr * 8ULL))
		return NULL;
	*nr = stack->nr;
	return (const uint64_t *)stack->ips;
}

const uint64_t *ktally_device_stack(const struct ktally_device *dev, unsigned int here, uint64_t word, unsigned int *nr)
{
	uint64_t cpu = KTALLY_STACK_CPU(word, here);

	*nr = 0;
	if (cpu >= dev->nr_cpus || !dev->cpus[cpu].present)
		return NULL;
	return ktally_mapping_stack(&dev->cpus[cpu].stacks, KTALLY_STACK_ID(word), nr);
}
