// SPDX-License-Identifier: GPL-2.0
/* Fields of the tracepoints of memory: the allocators and page faults. */
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/slab.h>
#include "source_tracepoint.h"

static bool get_pfn(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	const struct page *page = (void *)(unsigned long)hit->args[0];

	/* As the trace event has it: a failed allocation is all ones. */
	*dst = page ? page_to_pfn(page) : ~0ULL;
	return true;
}

static const struct ktally_field kmalloc_fields[] = {
	FIELD_ARG("call_site", KTALLY_TYPE_KPTR, 8, 0),
	FIELD_ARG("ptr", KTALLY_TYPE_KPTR, 8, 1),
	FIELD_ARG("bytes_req", KTALLY_TYPE_UINT, 8, 2),
	FIELD_ARG("bytes_alloc", KTALLY_TYPE_UINT, 8, 3),
	FIELD_ARG("gfp_flags", KTALLY_TYPE_UINT, 8, 4),
#if KTALLY_TP_HAVE(kmalloc) == 1
	FIELD_ARG("node", KTALLY_TYPE_INT, 4, 5),
#endif
};
KTALLY_FIELDS(kmalloc, kmalloc_fields);

#if KTALLY_TP_HAVE(kmem_cache_alloc) == 1
static bool get_object_size(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	*dst = kmem_cache_size((struct kmem_cache *)(unsigned long)hit->args[2]);
	return true;
}
#define FIELD_BYTES FIELD_CALL("bytes_req", KTALLY_TYPE_UINT, 8, 0, get_object_size)
#else
#define FIELD_BYTES FIELD_ARG("bytes_req", KTALLY_TYPE_UINT, 8, 2)
#endif

static const struct ktally_field cache_alloc_fields[] = {
	FIELD_ARG("call_site", KTALLY_TYPE_KPTR, 8, 0),
	FIELD_ARG("ptr", KTALLY_TYPE_KPTR, 8, 1),
	FIELD_BYTES,
	FIELD_ARG("gfp_flags", KTALLY_TYPE_UINT, 8, 3),
};
KTALLY_FIELDS(kmem_cache_alloc, cache_alloc_fields);

static const struct ktally_field free_fields[] = {
	FIELD_ARG("call_site", KTALLY_TYPE_KPTR, 8, 0),
	FIELD_ARG("ptr", KTALLY_TYPE_KPTR, 8, 1),
};
KTALLY_FIELDS(kfree, free_fields);
KTALLY_FIELDS(kmem_cache_free, free_fields);

static const struct ktally_field page_alloc_fields[] = {
	FIELD_CALL("pfn", KTALLY_TYPE_UINT, 8, 0, get_pfn),
	FIELD_ARG("order", KTALLY_TYPE_UINT, 4, 1),
	FIELD_ARG("gfp_flags", KTALLY_TYPE_UINT, 8, 2),
	FIELD_ARG("migratetype", KTALLY_TYPE_INT, 4, 3),
	FIELD_ARG("page", KTALLY_TYPE_KPTR, 8, 0),
};
KTALLY_FIELDS(mm_page_alloc, page_alloc_fields);

static const struct ktally_field page_free_fields[] = {
	FIELD_CALL("pfn", KTALLY_TYPE_UINT, 8, 0, get_pfn),
	FIELD_ARG("order", KTALLY_TYPE_UINT, 4, 1),
	FIELD_ARG("page", KTALLY_TYPE_KPTR, 8, 0),
};
KTALLY_FIELDS(mm_page_free, page_free_fields);

static bool get_fault_ip(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	*dst = instruction_pointer((struct pt_regs *)(unsigned long)hit->args[1]);
	return true;
}

static const struct ktally_field page_fault_fields[] = {
	FIELD_ARG("address", KTALLY_TYPE_UPTR, 8, 0),
	FIELD_CALL("ip", KTALLY_TYPE_UINT, 8, 0, get_fault_ip),
	FIELD_ARG("error_code", KTALLY_TYPE_UINT, 8, 2),
};
KTALLY_FIELDS(page_fault_user, page_fault_fields);
KTALLY_FIELDS(page_fault_kernel, page_fault_fields);
