// SPDX-License-Identifier: GPL-2.0
/*
 * Process source: fork, exec, exit and executable mappings, as records in the ring, so that addresses of programs that
 * are gone by the time of the report can still be named.
 *
 * There is no tracepoint for a new mapping, but every one passes perf_event_mmap(vma), since 2.6.31: a kprobe sees it there.
 */
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "compat/regs.h"
#include "compat/trace_protos.h"
#include "compat/tracepoint.h"
#include "compat/vma.h"
#include "image.h"
#include "mappings.h"
#include "ring.h"
#include "session.h"
#include "source.h"

/**
 * struct follower - what one probe of this source has registered
 * @mmap: on perf_event_mmap()
 * @probe: whose
 */
struct follower {
	struct kprobe mmap;
	struct ktally_probe *probe;
};

/* Processes outside of the scope have no hits that their mappings could name. A cgroup may be left and entered: all are told. */
static bool is_followed(const struct ktally_probe *probe, const struct task_struct *task)
{
	const struct ktally_scope *scope = probe->scope;

	return !scope || !scope->pids || test_bit(task->tgid, scope->pids);
}

static void tell(struct ktally_probe *probe, unsigned int type, struct task_struct *task,
		 struct task_struct *parent, const char *comm)
{
	struct ktally_process *body;
	struct ktally_hot *hot;
	unsigned int outer;
	void *half;

	preempt_disable_notrace();
	half = ktally_probe_begin(probe, &hot, &outer);
	if (half) {
		body = (void *)ktally_probe_record(probe, hot->ring, type, sizeof(*body), task);
		if (body) {
			body->image = ktally_task_image(task);
			body->parent = parent ? ktally_task_image(parent) : 0;
			/* What an earlier, longer name left behind the NUL is not ours to tell. */
			memset(body->comm, 0, sizeof(body->comm));
			memcpy(body->comm, comm, strnlen(comm, sizeof(body->comm)));
			ktally_ring_commit(hot->ring);
		}
		ktally_probe_end(probe, half, outer, KTALLY_COUNTED(folded));
	}
	preempt_enable_notrace();
}

static void tell_fork(struct ktally_probe *probe, struct task_struct *parent, struct task_struct *child)
{
	struct ktally_mappings *mappings = probe->session->mappings;

	if (child->pid != child->tgid || !is_followed(probe, parent))
		return;
	if (mappings)
		ktally_mappings_fork(mappings, ktally_task_image(parent), ktally_task_image(child));
	tell(probe, KTALLY_RECORD_FORK, child, parent, child->comm);
}

static void tell_exit(struct ktally_probe *probe, struct task_struct *task)
{
	if (atomic_read(&task->signal->live) || !is_followed(probe, task))
		return;
	tell(probe, KTALLY_RECORD_EXIT, task, NULL, task->comm);
	/* What it does from here on is the kernel's. */
	if (probe->session->mappings)
		ktally_mappings_exit(probe->session->mappings, ktally_task_image(task));
}

static void process_fork(KTALLY_TP_PROTO(sched_process_fork))
{
	u64 args[KTALLY_TP_ARGS_MAX];

	KTALLY_TP_FILL(sched_process_fork, args);
	tell_fork(data, (void *)(unsigned long)args[0], (void *)(unsigned long)args[1]);
}

static void process_exec(KTALLY_TP_PROTO(sched_process_exec))
{
	struct task_struct *who;
	u64 args[KTALLY_TP_ARGS_MAX];

	KTALLY_TP_FILL(sched_process_exec, args);
	who = (void *)(unsigned long)args[0];
	if (is_followed(data, who))
		tell(data, KTALLY_RECORD_EXEC, who, NULL, who->comm);
}

static void process_exit(KTALLY_TP_PROTO(sched_process_exit))
{
	u64 args[KTALLY_TP_ARGS_MAX];

	KTALLY_TP_FILL(sched_process_exit, args);
	tell_exit(data, (void *)(unsigned long)args[0]);
}

/* Writes the path into scratch memory of this level; never NULL. */
static char *mapped_path(struct vm_area_struct *vma)
{
	char *room = (char *)ktally_scratch(), *path;

	if (!vma->vm_file)
		return strcpy(room, "//anon");
	path = d_path(&vma->vm_file->f_path, room, KTALLY_PATH_MAX);
	return IS_ERR(path) ? strcpy(room, "") : path;
}

#define DELETED " (deleted)"

/* The path that the file had, told apart from a name that ends so. */
static u32 flags_of(struct vm_area_struct *vma, char *path)
{
	size_t len = strlen(path), end = strlen(DELETED);
	struct dentry *dentry;

	if (!vma->vm_file)
		return ktally_vma_is_vdso(vma) ? KTALLY_MMAP_VDSO : 0;
	dentry = vma->vm_file->f_path.dentry;
	if (!d_unlinked(dentry))
		return 0;
	if (len > end && !strcmp(path + len - end, DELETED))
		path[len - end] = 0;
	return KTALLY_MMAP_DELETED;
}

static void tell_mmap(struct ktally_probe *probe, struct ktally_hot *hot, struct vm_area_struct *vma, u32 file)
{
	char *path = mapped_path(vma);
	u32 flags = flags_of(vma, path);
	u32 len = ALIGN(strlen(path) + 1, 8);
	struct ktally_mmap *body;
	struct inode *inode;

	body = (void *)ktally_probe_record(probe, hot->ring, KTALLY_RECORD_MMAP, sizeof(*body) + len, current);
	if (!body)
		return;
	body->image = ktally_task_image(current);
	body->start = vma->vm_start;
	body->length = vma->vm_end - vma->vm_start;
	body->offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
	body->inode = 0;
	body->dev_major = 0;
	body->dev_minor = 0;
	body->file = file;
	body->flags = flags;
	if (vma->vm_file) {
		inode = file_inode(vma->vm_file);
		body->inode = inode->i_ino;
		body->dev_major = MAJOR(inode->i_sb->s_dev);
		body->dev_minor = MINOR(inode->i_sb->s_dev);
	}
	memset(body->path + len - 8, 0, 8);
	strcpy(body->path, path);
	ktally_ring_commit(hot->ring);
}

static int process_mmap(struct kprobe *kprobe, struct pt_regs *regs)
{
	struct ktally_probe *probe = container_of(kprobe, struct follower, mmap)->probe;
	struct vm_area_struct *vma;
	struct ktally_hot *hot;
	unsigned int outer;
	u32 file = KTALLY_FILE_NONE;
	void *half;

	vma = *(void **)((void *)regs + ktally_regs_arg_offset(0));
	if (!(vma->vm_flags & VM_EXEC) || !is_followed(probe, current))
		return 0;
	if (probe->session->mappings)
		file = ktally_mappings_vma(probe->session->mappings, ktally_task_image(current), vma);
	half = ktally_probe_begin(probe, &hot, &outer);
	if (half) {
		tell_mmap(probe, hot, vma, file);
		ktally_probe_end(probe, half, outer, KTALLY_COUNTED(folded));
	}
	return 0;
}
NOKPROBE_SYMBOL(process_mmap);

/* The new name is not the task's yet. */
static void process_rename(KTALLY_TP_PROTO(task_rename))
{
	struct task_struct *who;
	u64 args[KTALLY_TP_ARGS_MAX];

	KTALLY_TP_FILL(task_rename, args);
	who = (void *)(unsigned long)args[0];
	if (who->pid == who->tgid && is_followed(data, who))
		tell(data, KTALLY_RECORD_COMM, who, NULL, (void *)(unsigned long)args[1]);
}

/* The tracepoints of this source. */
static const struct {
	const char *tracepoint;
	void *handler;
	bool have;
} followed[] = {
	{ "sched_process_fork", process_fork, KTALLY_TP_HAVE(sched_process_fork) },
	{ "sched_process_exec", process_exec, KTALLY_TP_HAVE(sched_process_exec) },
	{ "sched_process_exit", process_exit, KTALLY_TP_HAVE(sched_process_exit) },
	{ "task_rename", process_rename, KTALLY_TP_HAVE(task_rename) },
};

/*
 * At its first instruction, or the next one: a first one that is relative to its own address is refused before "kprobes/x86:
 * Return correct length in __copy_instruction()", 4.0, and the argument is still in its register behind it.
 */
static int place_mmap(struct kprobe *kprobe)
{
	unsigned int longest = 15;
	int err;

	do {
		kprobe->addr = NULL;
		kprobe->flags = KPROBE_FLAG_DISABLED;
		err = register_kprobe(kprobe);
	} while ((err == -EINVAL || err == -EILSEQ) && kprobe->offset++ < longest);
	return err;
}

static int process_init(struct ktally_probe *probe, const char **why)
{
	struct follower *follower;
	unsigned int i;
	int err;

	if (!probe->session->config.ring_size) {
		*why = "process records go to a ring: make the session with RING_SIZE";
		return -EINVAL;
	}
	for (i = 0; i < ARRAY_SIZE(followed); i++) {
		if (followed[i].have && ktally_tp_exists(followed[i].tracepoint))
			continue;
		*why = "this kernel lacks a tracepoint of process life";
		return -EOPNOTSUPP;
	}
	follower = kzalloc(sizeof(*follower), GFP_KERNEL);
	if (!follower)
		return -ENOMEM;
	follower->probe = probe;
	follower->mmap.symbol_name = "perf_event_mmap";
	follower->mmap.pre_handler = process_mmap;
	err = place_mmap(&follower->mmap);
	if (err) {
		*why = "this kernel does not let perf_event_mmap be probed, so new mappings cannot be seen";
		kfree(follower);
		return err;
	}
	probe->source = follower;
	return 0;
}

static void process_uninit(struct ktally_probe *probe)
{
	struct follower *follower = probe->source;

	unregister_kprobe(&follower->mmap);
	kfree(follower);
}

static void unfollow(struct ktally_probe *probe, unsigned int nr)
{
	while (nr--)
		ktally_tp_unregister(followed[nr].tracepoint, followed[nr].handler, probe);
}

static int process_attach(struct ktally_probe *probe)
{
	struct follower *follower = probe->source;
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(followed); i++) {
		err = ktally_tp_register(followed[i].tracepoint, followed[i].handler, probe);
		if (err)
			goto err_unfollow;
	}
	err = enable_kprobe(&follower->mmap);
	if (!err)
		return 0;

err_unfollow:
	unfollow(probe, i);
	ktally_tp_synchronize();
	return err;
}

static void process_detach(struct ktally_probe **probes, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		disable_kprobe(&((struct follower *)probes[i]->source)->mmap);
		unfollow(probes[i], ARRAY_SIZE(followed));
	}
	ktally_tp_synchronize();
	/* What they do until the session starts again is not followed. */
	for (i = 0; i < nr; i++)
		if (probes[i]->session->mappings)
			ktally_mappings_clear(probes[i]->session->mappings);
}

static const struct ktally_fields *process_fields(const struct ktally_probe *probe)
{
	return &ktally_no_fields;
}

static u64 process_missed(const struct ktally_probe *probe)
{
	return ((struct follower *)probe->source)->mmap.nmissed;
}

const struct ktally_source_ops ktally_source_process = {
	.kind		= KTALLY_SOURCE_PROCESS,
	.program	= false,
	.init		= process_init,
	.uninit		= process_uninit,
	.fields		= process_fields,
	.attach		= process_attach,
	.detach		= process_detach,
	.missed		= process_missed,
};
