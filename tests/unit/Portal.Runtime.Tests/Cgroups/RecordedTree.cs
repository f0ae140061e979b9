using Portal.Domain.Primitives;
using Portal.Runtime.Cgroups;

namespace Portal.Runtime.Tests.Cgroups;

/// <summary>Cgroup and proc files as a real kernel printed them, laid out below a folder.</summary>
internal static class RecordedTree
{
    public const string ProcStat = "cpu  135628 4495 40902 404119 1248 0 335 200 0 0\ncpu0 62995 2218 19245 208379 400 0 29 88 0 0\ncpu1 72632 2276 21657 195740 848 0 305 111 0 0\nintr 1 2 3\nctxt 99\n";

    public const string Meminfo = "MemTotal:       24684084 kB\nMemFree:         1000000 kB\nMemAvailable:   20000000 kB\nHugePages_Total:       0\n";

    public const string NetDev = """
        Inter-|   Receive                                                |  Transmit
         face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
            lo:  804252     399    0    0    0     0          0         0   804252     399    0    0    0     0       0          0
         tunl0:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
          eth0:    1516      20    1    2    0     0          0         0      906      11    3    4    0     0       0          0
        docker0:  70000      70    0    0    0     0          0         0    80000      80    0    0    0     0       0          0
          eth1:     100       1    0    0    0     0          0         0      200       2    0    0    0     0       0          0

        """;

    public const string MemoryStatV1 = """
        cache 21905408
        rss 53248
        rss_huge 0
        shmem 0
        mapped_file 1351680
        dirty 4096
        writeback 0
        workingset_refault_anon 0
        workingset_refault_file 485
        swap 0
        swapcached 0
        pgpgin 1094
        pgpgout 578
        pgfault 774
        pgmajfault 1
        inactive_anon 49152
        active_anon 4096
        inactive_file 344064
        active_file 21561344
        unevictable 0
        hierarchical_memory_limit 67108864
        hierarchical_memsw_limit 134217728
        total_cache 21905408
        total_rss 53248
        total_rss_huge 0
        total_shmem 0
        total_mapped_file 1351680
        total_dirty 4096
        total_writeback 0
        total_workingset_refault_anon 0
        total_workingset_refault_file 485
        total_swap 0
        total_swapcached 0
        total_pgpgin 1094
        total_pgpgout 578
        total_pgfault 774
        total_pgmajfault 1
        total_inactive_anon 49152
        total_active_anon 4096
        total_inactive_file 344064
        total_active_file 21561344
        total_unevictable 0

        """;

    private const string MemoryStatV2 = """
        anon 61440
        file 41943040
        kernel 1396736
        kernel_stack 0
        pagetables 20480
        sec_pagetables 0
        percpu 144
        sock 0
        vmalloc 12288
        shmem 0
        file_mapped 0
        file_dirty 0
        file_writeback 0
        swapcached 0
        anon_thp 0
        file_thp 0
        shmem_thp 0
        inactive_anon 57344
        active_anon 4096
        inactive_file 41943040
        active_file 0
        unevictable 0
        slab_reclaimable 1309256
        slab_unreclaimable 30248
        slab 1339504
        workingset_refault_anon 0
        workingset_refault_file 0
        workingset_activate_anon 0
        workingset_activate_file 0
        workingset_restore_anon 0
        workingset_restore_file 0
        workingset_nodereclaim 0
        pgscan 0
        pgsteal 0
        pgscan_kswapd 0
        pgscan_direct 0
        pgsteal_kswapd 0
        pgsteal_direct 0
        pgfault 421
        pgmajfault 0
        pgrefill 0
        pgactivate 0
        pgdeactivate 0
        pglazyfree 0
        pglazyfreed 0
        thp_fault_alloc 0
        thp_collapse_alloc 0

        """;

    /// <summary>Writes a container's files into v1 hierarchies at <paramref name="root"/>.</summary>
    public static void WriteV1(string root, ContainerId id)
    {
        Write("memory", "memory.stat", MemoryStatV1);
        Write("memory", "memory.usage_in_bytes", "22798336\n");
        Write("memory", "memory.max_usage_in_bytes", "67000000\n");
        Write("memory", "memory.limit_in_bytes", "67108864\n");
        Write("memory", "memory.failcnt", "7\n");
        Write("cpuacct", "cpuacct.usage", "295241432\n");
        Write("cpuacct", "cpuacct.stat", "user 28\nsystem 1\n");
        Write("cpuacct", "cpuacct.usage_percpu", "200000000 95241432 \n");
        Write("cpu", "cpu.stat", "nr_periods 8\nnr_throttled 4\nthrottled_time 123089230\nnr_bursts 0\nburst_time 0\n");
        Write("pids", "pids.current", "1\n");
        Write("pids", "pids.max", "2048\n");
        Write("blkio", "blkio.throttle.io_service_bytes_recursive", "254:0 Read 20971520\n254:0 Write 4096\n254:0 Sync 0\n254:0 Async 20975616\n254:0 Discard 0\n254:0 Total 20975616\nTotal 20975616\n");
        Write("blkio", "blkio.throttle.io_serviced_recursive", "254:0 Read 20\n254:0 Write 1\n254:0 Sync 0\n254:0 Async 21\n254:0 Discard 0\n254:0 Total 21\nTotal 21\n");

        void Write(string controller, string name, string text) => RecordedTree.Write($"{root}/{controller}/portal/{id}/{name}", text);
    }

    /// <summary>Writes a container's files into a v2 hierarchy at <paramref name="root"/>: --cpus 0.3 -m 100m on Debian 12, having written 40 MiB to a volume.</summary>
    public static void WriteV2(string root, ContainerId id)
    {
        Write("memory.stat", MemoryStatV2);
        Write("memory.current", "43401216\n");
        Write("memory.max", "104857600\n");
        Write("memory.swap.current", "8192\n");
        Write("memory.events", "low 0\nhigh 0\nmax 31\noom 2\noom_kill 1\noom_group_kill 0\n");
        Write("cpu.pressure", "some avg10=12.50 avg60=3.00 avg300=0.70 total=11759544\nfull avg10=1.00 avg60=0.20 avg300=0.05 total=1175954\n");
        Write("memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=20\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=10\n");
        Write("io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=4000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=3000\n");
        Write("cpu.stat", "usage_usec 5244491\nuser_usec 4483040\nsystem_usec 761450\nnr_periods 175\nnr_throttled 171\nthrottled_usec 11759544\nnr_bursts 0\nburst_usec 0\n");
        Write("pids.current", "1\n");
        Write("pids.max", "2048\n");
        Write("io.stat", "254:0 rbytes=0 wbytes=41943040 rios=0 wios=42 dbytes=0 dios=0\n");

        void Write(string name, string text) => RecordedTree.Write($"{root}/portal/{id}/{name}", text);
    }

    /// <summary>Writes the host's proc files.</summary>
    public static void WriteProc(string root)
    {
        Write(root + "/stat", ProcStat);
        Write(root + "/meminfo", Meminfo);
        Write(root + "/loadavg", "3.26 2.45 2.19 3/136 16881\n");
        Write(root + "/pressure/cpu", "some avg10=9.27 avg60=16.15 avg300=9.05 total=117637102\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
        Write(root + "/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1271\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=998\n");
        Write(root + "/pressure/io", "some avg10=0.00 avg60=0.07 avg300=0.06 total=4953269\nfull avg10=0.00 avg60=0.06 avg300=0.05 total=3484632\n");
        LinkNamespace(root + "/self", "net:[4026531840]");
    }

    /// <summary>Writes the network counters of a process, in the host's network or in one of its own.</summary>
    public static void WriteProcess(string root, int pid, bool hostNetwork = false)
    {
        Write($"{root}/{pid}/net/dev", NetDev);
        LinkNamespace($"{root}/{pid}", hostNetwork ? "net:[4026531840]" : "net:[4026532301]");
    }

    public static CgroupLocator LocateV1(string root) => CgroupLocator.Parse(
        ((string[])["memory", "cpu", "cpuacct", "pids", "blkio"]).Select((controller, i) => $"{i + 30} 31 0:{i + 30} / {root}/{controller} rw,relatime - cgroup cgroup rw,{controller}"));

    public static CgroupLocator LocateV2(string root) => CgroupLocator.Parse([$"30 31 0:26 / {root} rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate"]);

    private static void Write(string path, string text)
    {
        _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private static void LinkNamespace(string process, string name)
    {
        _ = Directory.CreateDirectory(process + "/ns");
        _ = File.CreateSymbolicLink(process + "/ns/net", name);
    }
}
