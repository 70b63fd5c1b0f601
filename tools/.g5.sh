r() { echo "== $1: rc $? refcnt $(cat /sys/module/ktally/refcnt)"; }
uname -rm
ktally doctor -q; r doctor
ktally list -q | wc -l
ktally tally --output csv -e raw_syscalls:sys_enter//key=id/ -d 0.3 | head -5; r tally
ktally tally --output csv -e kprobe:vfs_read//key=comm/sum=arg2/ -- cat /etc/passwd | tail -3; r kprobe
ktally profile -d 0.5 --output folded --idle | head -4; r profile
ktally profile -e cpu-clock -d 0.5 --output folded --idle | head -4; r cpuclock
ktally trace -e sched:sched_process_exec -- ls / | tail -2; r trace
ktally trace -e sched:sched_switch//stack/ -d 0.1 | head -8; r trace2
