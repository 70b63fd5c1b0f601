/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes, offsets and the absence of holes of every struct in uapi/, the same on every machine; compiles as C90, C11 and C++11. */
#include <stddef.h>
#include <linux/ktally.h>
#include <linux/ktally_netlink.h>
#include <linux/ktally_program.h>
#ifndef PEDANTIC	/* C90 has no flexible array members */
#include <linux/ktally_ring.h>
#include <linux/ktally_table.h>
#endif
#include <linux/ktally_unwind.h>

#if defined(__cplusplus)
#define HOLDS(name, what)	static_assert(what, #what)
#elif __STDC_VERSION__ >= 201112L
#define HOLDS(name, what)	_Static_assert(what, #what)
#else
#define HOLDS(name, what)	typedef char holds_##name[(what) ? 1 : -1]
#endif

/* Where the next member begins: with no hole, right behind this one. */
#define BEHIND(type, member)	(offsetof(struct type, member) + sizeof(((struct type *)0)->member))
#define FIRST(type, member)	HOLDS(type##_##member, offsetof(struct type, member) == 0)
#define NEXT(type, previous, member, at) \
	HOLDS(type##_##member, offsetof(struct type, member) == (at) && BEHIND(type, previous) == (at))
/* The end of the struct is the end of its last member; flexible arrays begin there. */
#define ENDS(type, last, size)	HOLDS(type##_end, BEHIND(type, last) == (size) && sizeof(struct type) == (size))
#define OPEN(type, last, member, size) \
	HOLDS(type##_end, BEHIND(type, last) == (size) && sizeof(struct type) == (size) && offsetof(struct type, member) == (size))

FIRST(ktally_attach, size);
NEXT(ktally_attach, size, session, 4);
NEXT(ktally_attach, session, nr_cpus, 8);
NEXT(ktally_attach, nr_cpus, state, 12);
ENDS(ktally_attach, state, 16);

FIRST(ktally_region, size);
NEXT(ktally_region, size, kind, 4);
NEXT(ktally_region, kind, cpu, 8);
NEXT(ktally_region, cpu, index, 12);
NEXT(ktally_region, index, offset, 16);
NEXT(ktally_region, offset, length, 24);
ENDS(ktally_region, length, 32);

FIRST(ktally_insn, op);
NEXT(ktally_insn, op, dst, 1);
NEXT(ktally_insn, dst, a, 2);
NEXT(ktally_insn, a, b, 3);
NEXT(ktally_insn, b, aux, 4);
NEXT(ktally_insn, aux, imm, 8);
ENDS(ktally_insn, imm, 16);

FIRST(ktally_counter_value, cpu);
NEXT(ktally_counter_value, cpu, reserved, 4);
NEXT(ktally_counter_value, reserved, value, 8);
NEXT(ktally_counter_value, value, enabled, 16);
NEXT(ktally_counter_value, enabled, running, 24);
ENDS(ktally_counter_value, running, 32);

FIRST(ktally_step, time);
NEXT(ktally_step, time, kind, 8);
NEXT(ktally_step, kind, number, 12);
NEXT(ktally_step, number, share, 16);
NEXT(ktally_step, share, cpu, 20);
ENDS(ktally_step, cpu, 24);

FIRST(ktally_unwind_rule, cfa);
NEXT(ktally_unwind_rule, cfa, reg, 1);
NEXT(ktally_unwind_rule, reg, ret, 2);
NEXT(ktally_unwind_rule, ret, flags, 3);
NEXT(ktally_unwind_rule, flags, offset, 4);
NEXT(ktally_unwind_rule, offset, offset2, 8);
NEXT(ktally_unwind_rule, offset2, return_offset, 12);
NEXT(ktally_unwind_rule, return_offset, nr_saved, 16);
NEXT(ktally_unwind_rule, nr_saved, saved, 18);
ENDS(ktally_unwind_rule, saved, 40);

FIRST(ktally_unwind_table, magic);
NEXT(ktally_unwind_table, magic, machine, 4);
NEXT(ktally_unwind_table, machine, nr_rows, 8);
NEXT(ktally_unwind_table, nr_rows, nr_rules, 12);
NEXT(ktally_unwind_table, nr_rules, rules_offset, 16);
NEXT(ktally_unwind_table, rules_offset, start, 24);
ENDS(ktally_unwind_table, start, 32);

FIRST(ktally_interp, runtime);
NEXT(ktally_interp, runtime, flags, 8);
NEXT(ktally_interp, flags, current_thread, 12);
NEXT(ktally_interp, current_thread, first_interp, 16);
NEXT(ktally_interp, first_interp, next_interp, 20);
NEXT(ktally_interp, next_interp, first_thread, 24);
NEXT(ktally_interp, first_thread, next_thread, 28);
NEXT(ktally_interp, next_thread, thread_id, 32);
NEXT(ktally_interp, thread_id, frame, 36);
NEXT(ktally_interp, frame, cframe_frame, 40);
NEXT(ktally_interp, cframe_frame, frame_code, 44);
NEXT(ktally_interp, frame_code, frame_previous, 48);
NEXT(ktally_interp, frame_previous, frame_instruction, 52);
NEXT(ktally_interp, frame_instruction, frame_entry, 56);
NEXT(ktally_interp, frame_entry, entry_value, 60);
NEXT(ktally_interp, entry_value, code_first, 64);
NEXT(ktally_interp, code_first, instruction_size, 68);
NEXT(ktally_interp, instruction_size, code_name, 72);
NEXT(ktally_interp, code_name, code_file, 76);
NEXT(ktally_interp, code_file, code_line, 80);
NEXT(ktally_interp, code_line, code_lines, 84);
NEXT(ktally_interp, code_lines, code_type, 88);
NEXT(ktally_interp, code_type, text_state, 92);
NEXT(ktally_interp, text_state, text_mask, 96);
NEXT(ktally_interp, text_mask, text_ascii, 100);
NEXT(ktally_interp, text_ascii, text_kind, 104);
NEXT(ktally_interp, text_kind, text_length, 108);
NEXT(ktally_interp, text_length, text_data, 112);
NEXT(ktally_interp, text_data, text_wide, 116);
NEXT(ktally_interp, text_wide, bytes_length, 120);
NEXT(ktally_interp, bytes_length, bytes_data, 124);
NEXT(ktally_interp, bytes_data, version, 128);
NEXT(ktally_interp, version, reserved, 132);
ENDS(ktally_interp, reserved, 136);

FIRST(ktally_follow, size);
NEXT(ktally_follow, size, pid, 4);
NEXT(ktally_follow, pid, image, 8);
NEXT(ktally_follow, image, mappings, 16);
NEXT(ktally_follow, mappings, reserved, 20);
ENDS(ktally_follow, reserved, 24);

FIRST(ktally_mapped, size);
NEXT(ktally_mapped, size, file, 4);
NEXT(ktally_mapped, file, flags, 8);
NEXT(ktally_mapped, flags, fd, 12);
NEXT(ktally_mapped, fd, dev_major, 16);
NEXT(ktally_mapped, dev_major, dev_minor, 20);
NEXT(ktally_mapped, dev_minor, inode, 24);
NEXT(ktally_mapped, inode, bytes, 32);
NEXT(ktally_mapped, bytes, pid, 40);
NEXT(ktally_mapped, pid, reserved, 44);
NEXT(ktally_mapped, reserved, start, 48);
NEXT(ktally_mapped, start, length, 56);
NEXT(ktally_mapped, length, offset, 64);
ENDS(ktally_mapped, offset, 72);

FIRST(ktally_give_table, size);
NEXT(ktally_give_table, size, file, 4);
NEXT(ktally_give_table, file, data, 8);
NEXT(ktally_give_table, data, length, 16);
ENDS(ktally_give_table, length, 24);

FIRST(ktally_give_interp, size);
NEXT(ktally_give_interp, size, file, 4);
NEXT(ktally_give_interp, file, interp, 8);
ENDS(ktally_give_interp, interp, 144);

FIRST(ktally_unwind_count, processes);
NEXT(ktally_unwind_count, processes, mappings, 8);
NEXT(ktally_unwind_count, mappings, lost, 16);
NEXT(ktally_unwind_count, lost, files, 24);
NEXT(ktally_unwind_count, files, tables, 32);
NEXT(ktally_unwind_count, tables, bytes, 40);
NEXT(ktally_unwind_count, bytes, stacks, 48);
NEXT(ktally_unwind_count, stacks, whole, 56);
NEXT(ktally_unwind_count, whole, by_table, 64);
NEXT(ktally_unwind_count, by_table, by_frame, 72);
NEXT(ktally_unwind_count, by_frame, guesses, 80);
NEXT(ktally_unwind_count, guesses, interp, 88);
NEXT(ktally_unwind_count, interp, cut, 96);
ENDS(ktally_unwind_count, cut, 160);

#ifndef PEDANTIC
FIRST(ktally_ring_page, magic);
NEXT(ktally_ring_page, magic, cpu, 4);
NEXT(ktally_ring_page, cpu, data_offset, 8);
NEXT(ktally_ring_page, data_offset, mode, 12);
NEXT(ktally_ring_page, mode, data_size, 16);
NEXT(ktally_ring_page, data_size, head, 24);
NEXT(ktally_ring_page, head, tail, 32);
NEXT(ktally_ring_page, tail, offered, 40);
NEXT(ktally_ring_page, offered, reserved, 48);
NEXT(ktally_ring_page, reserved, dropped, 56);
NEXT(ktally_ring_page, dropped, overwritten, 64);
ENDS(ktally_ring_page, overwritten, 72);

FIRST(ktally_consumer_page, tail);
ENDS(ktally_consumer_page, tail, 8);

FIRST(ktally_record, size);
NEXT(ktally_record, size, type, 4);
NEXT(ktally_record, type, probe, 6);
NEXT(ktally_record, probe, pid, 8);
NEXT(ktally_record, pid, tid, 12);
NEXT(ktally_record, tid, time, 16);
ENDS(ktally_record, time, 24);

FIRST(ktally_event, record);
OPEN(ktally_event, record, words, 24);

FIRST(ktally_process, record);
NEXT(ktally_process, record, image, 24);
NEXT(ktally_process, image, parent, 32);
NEXT(ktally_process, parent, comm, 40);
ENDS(ktally_process, comm, 56);

FIRST(ktally_mmap, record);
NEXT(ktally_mmap, record, image, 24);
NEXT(ktally_mmap, image, start, 32);
NEXT(ktally_mmap, start, length, 40);
NEXT(ktally_mmap, length, offset, 48);
NEXT(ktally_mmap, offset, inode, 56);
NEXT(ktally_mmap, inode, dev_major, 64);
NEXT(ktally_mmap, dev_major, dev_minor, 68);
NEXT(ktally_mmap, dev_minor, file, 72);
NEXT(ktally_mmap, file, flags, 76);
OPEN(ktally_mmap, flags, path, 80);

FIRST(ktally_code, record);
NEXT(ktally_code, record, image, 24);
NEXT(ktally_code, image, code, 32);
NEXT(ktally_code, code, line, 40);
NEXT(ktally_code, line, name, 44);
NEXT(ktally_code, name, file, 46);
NEXT(ktally_code, file, lines, 48);
NEXT(ktally_code, lines, version, 52);
OPEN(ktally_code, version, data, 56);

FIRST(ktally_user, record);
NEXT(ktally_user, record, image, 24);
NEXT(ktally_user, image, id, 32);
NEXT(ktally_user, id, nr_regs, 40);
NEXT(ktally_user, nr_regs, bytes, 44);
OPEN(ktally_user, bytes, data, 48);

FIRST(ktally_group, record);
NEXT(ktally_group, record, id, 24);
OPEN(ktally_group, id, path, 32);

FIRST(ktally_column, kind);
NEXT(ktally_column, kind, hist, 2);
NEXT(ktally_column, hist, flags, 4);
NEXT(ktally_column, flags, param0, 8);
NEXT(ktally_column, param0, param1, 16);
NEXT(ktally_column, param1, param2, 24);
ENDS(ktally_column, param2, 32);

FIRST(ktally_exemplar, busy);
NEXT(ktally_exemplar, busy, value, 8);
NEXT(ktally_exemplar, value, time, 16);
NEXT(ktally_exemplar, time, image, 24);
NEXT(ktally_exemplar, image, tid, 32);
NEXT(ktally_exemplar, tid, cpu, 36);
NEXT(ktally_exemplar, cpu, stack, 40);
NEXT(ktally_exemplar, stack, reserved, 44);
ENDS(ktally_exemplar, reserved, 48);

FIRST(ktally_half, magic);
NEXT(ktally_half, magic, abi, 4);
NEXT(ktally_half, abi, cpu, 8);
NEXT(ktally_half, cpu, nr_probes, 12);
NEXT(ktally_half, nr_probes, nr_tables, 16);
NEXT(ktally_half, nr_tables, probes_offset, 20);
NEXT(ktally_half, probes_offset, tables_offset, 24);
NEXT(ktally_half, tables_offset, reserved, 28);
NEXT(ktally_half, reserved, generation, 32);
NEXT(ktally_half, generation, length, 40);
NEXT(ktally_half, length, nr_pairs, 48);
NEXT(ktally_half, nr_pairs, pairs_offset, 52);
NEXT(ktally_half, pairs_offset, pad, 56);
ENDS(ktally_half, pad, 64);

FIRST(ktally_probe_count, hits);
NEXT(ktally_probe_count, hits, filtered, 8);
NEXT(ktally_probe_count, filtered, gated, 16);
NEXT(ktally_probe_count, gated, folded, 24);
NEXT(ktally_probe_count, folded, other, 32);
NEXT(ktally_probe_count, other, recursion, 40);
NEXT(ktally_probe_count, recursion, nmi, 48);
NEXT(ktally_probe_count, nmi, fault, 56);
ENDS(ktally_probe_count, fault, 64);

FIRST(ktally_pair_count, starts);
NEXT(ktally_pair_count, starts, ended, 8);
NEXT(ktally_pair_count, ended, replaced, 16);
NEXT(ktally_pair_count, replaced, full, 24);
NEXT(ktally_pair_count, full, abandoned, 32);
NEXT(ktally_pair_count, abandoned, unmatched, 40);
NEXT(ktally_pair_count, unmatched, negative, 48);
NEXT(ktally_pair_count, negative, stayed, 56);
ENDS(ktally_pair_count, stayed, 64);

FIRST(ktally_pairs, magic);
NEXT(ktally_pairs, magic, kind, 4);
NEXT(ktally_pairs, kind, flags, 8);
NEXT(ktally_pairs, flags, nr_keys, 12);
NEXT(ktally_pairs, nr_keys, nr_saved, 16);
NEXT(ktally_pairs, nr_saved, nr_counters, 20);
NEXT(ktally_pairs, nr_counters, capacity, 24);
NEXT(ktally_pairs, capacity, entry_size, 28);
NEXT(ktally_pairs, entry_size, entries_offset, 32);
NEXT(ktally_pairs, entries_offset, frame_size, 40);
NEXT(ktally_pairs, frame_size, reserved, 44);
NEXT(ktally_pairs, reserved, factor, 48);
NEXT(ktally_pairs, factor, ticks, 56);
NEXT(ktally_pairs, ticks, time, 64);
NEXT(ktally_pairs, time, pad, 72);
ENDS(ktally_pairs, pad, 80);

FIRST(ktally_open, sequence);
NEXT(ktally_open, sequence, depth, 4);
NEXT(ktally_open, depth, owner, 8);
NEXT(ktally_open, owner, cpu, 16);
NEXT(ktally_open, cpu, reserved, 20);
OPEN(ktally_open, reserved, frames, 24);

FIRST(ktally_table_head, rows_offset);
NEXT(ktally_table_head, rows_offset, used, 8);
NEXT(ktally_table_head, used, index_offset, 16);
NEXT(ktally_table_head, index_offset, row_size, 24);
NEXT(ktally_table_head, row_size, nr_keys, 28);
NEXT(ktally_table_head, nr_keys, capacity, 32);
NEXT(ktally_table_head, capacity, index_bits, 36);
NEXT(ktally_table_head, index_bits, spare, 40);
NEXT(ktally_table_head, spare, pad, 48);
ENDS(ktally_table_head, pad, 56);

FIRST(ktally_stacks, magic);
NEXT(ktally_stacks, magic, cpu, 4);
NEXT(ktally_stacks, cpu, capacity, 8);
NEXT(ktally_stacks, capacity, entries_offset, 16);
NEXT(ktally_stacks, entries_offset, used, 24);
NEXT(ktally_stacks, used, lost, 32);
NEXT(ktally_stacks, lost, index_offset, 40);
NEXT(ktally_stacks, index_offset, index_bits, 48);
NEXT(ktally_stacks, index_bits, reserved, 52);
NEXT(ktally_stacks, reserved, pad, 56);
ENDS(ktally_stacks, pad, 64);

FIRST(ktally_stack, hash);
NEXT(ktally_stack, hash, nr, 4);
NEXT(ktally_stack, nr, kind, 6);
OPEN(ktally_stack, kind, ips, 8);

/* What programs carry as numbers must not move either. */
HOLDS(ioc_attach, KTALLY_IOC_ATTACH == _IOWR(0xB7, 1, struct ktally_attach) && _IOC_SIZE(KTALLY_IOC_ATTACH) == 16);
HOLDS(ioc_region, KTALLY_IOC_REGION == _IOWR(0xB7, 2, struct ktally_region) && _IOC_SIZE(KTALLY_IOC_REGION) == 32);
HOLDS(ioc_process, KTALLY_IOC_PROCESS == _IOWR(0xB7, 3, struct ktally_follow) && _IOC_SIZE(KTALLY_IOC_PROCESS) == 24);
HOLDS(ioc_file, KTALLY_IOC_FILE == _IOWR(0xB7, 4, struct ktally_mapped) && _IOC_SIZE(KTALLY_IOC_FILE) == 72);
HOLDS(ioc_table, KTALLY_IOC_TABLE == _IOW(0xB7, 5, struct ktally_give_table) && _IOC_SIZE(KTALLY_IOC_TABLE) == 24);
HOLDS(ioc_interpreter, KTALLY_IOC_INTERPRETER == _IOW(0xB7, 6, struct ktally_give_interp) && _IOC_SIZE(KTALLY_IOC_INTERPRETER) == 144);
HOLDS(identity, sizeof(struct ktally_probe_count) / sizeof(__u64) == 8);
HOLDS(pair_identity, sizeof(struct ktally_pair_count) / sizeof(__u64) == 8);
HOLDS(exemplar_cells, sizeof(struct ktally_exemplar) == KTALLY_EXEMPLAR_CELLS * sizeof(__u64));
#endif
