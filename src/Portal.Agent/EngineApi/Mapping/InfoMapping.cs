using Portal.Agent.Node;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Runtime;
using Portal.Runtime.Cgroups;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>What the runtime can do on this host, as <c>/info</c> shows it.</summary>
internal static class InfoMapping
{
    /// <summary>Writes it into the answer.</summary>
    public static void Show(RuntimeInfo runtime, SystemInfo info, ApiVersion version)
    {
        var limits = runtime.Limits;
        (info.MemoryLimit, info.SwapLimit, info.OomKillDisable) = (limits.Memory, limits.Swap, limits.OomKillDisable);
        (info.CpuCfsPeriod, info.CpuCfsQuota, info.CPUShares, info.CPUSet) = (limits.CpuQuota, limits.CpuQuota, limits.CpuShares, limits.Cpuset);
        info.PidsLimit = limits.Pids;
        info.KernelMemoryTCP = limits.KernelMemoryTcp;
        info.Runtimes = runtime.Runtimes.ToDictionary(r => r.Key, r => new InfoRuntime { Path = r.Value });
        info.DefaultRuntime = runtime.DefaultRuntime;
        info.SecurityOptions = [.. SecurityOptions(runtime)];
        info.Warnings = [.. Warnings(limits, info.CgroupVersion == "2")];
        if (!info.IPv4Forwarding)
        {
            info.Warnings.Add("WARNING: IPv4 forwarding is disabled");
        }

        if (runtime.AppArmor is { IsEnabled: true, HasDefault: false })
        {
            info.Warnings.Add("WARNING: AppArmor is enabled, but apparmor_parser is not installed: containers run without a profile");
        }

        info.Warnings.AddRange(runtime.HelperComplaints.Select(complaint => "WARNING: " + complaint));

        if (!version.AtLeast(42))
        {
            // The kernel takes this limit without effect, if at all.
            info.KernelMemory = false;
        }

        if (!version.AtLeast(47))
        {
            (info.RegistryConfig.AllowNondistributableArtifactsCIDRs, info.RegistryConfig.AllowNondistributableArtifactsHostnames) = ([], []);
        }

        if (!version.AtLeast(50))
        {
            (info.BridgeNfIptables, info.BridgeNfIp6tables) = (HostFacts.FiltersBridge("iptables"), HostFacts.FiltersBridge("ip6tables"));
        }

        if (version.AtLeast(44))
        {
            info.CDISpecDirs = [.. runtime.CdiFolders];
        }

        if (version.AtLeast(50))
        {
            info.DiscoveredDevices = [.. runtime.CdiDevices.Select(name => new InfoDevice { Source = "cdi", ID = name })];
            info.Warnings.AddRange(runtime.CdiErrors.Select(error => "CDI: " + error));
        }
    }

    /// <summary>Writes versions into the answer. The members are named after Docker's own programs, so the name goes before.</summary>
    public static void Show(RuntimePrograms programs, SystemInfo info) =>
        (info.RuncCommit, info.ContainerdCommit, info.InitCommit) = (Commit(programs.OciRuntime), Commit(programs.Monitor), Commit(programs.Init));

    /// <summary>The same programs as <c>/version</c> shows them.</summary>
    public static IEnumerable<VersionComponent> Components(RuntimePrograms programs)
    {
        ProgramVersion?[] all = [programs.Monitor, programs.OciRuntime, programs.Init];
        return all.OfType<ProgramVersion>().Select(program => new VersionComponent { Name = program.Name, Version = program.Version, Details = new() { ["GitCommit"] = program.Commit } });
    }

    private static InfoCommit Commit(ProgramVersion? program)
    {
        var text = program is null ? "" : $"{program.Name} {program.Version}" + (program.Commit.Length > 0 ? $" ({program.Commit})" : "");
        return new() { ID = text, Expected = text };
    }

    private static IEnumerable<string> SecurityOptions(RuntimeInfo runtime)
    {
        if (runtime.AppArmor.HasDefault)
        {
            yield return "name=apparmor";
        }

        if (runtime.Seccomp)
        {
            yield return "name=seccomp,profile=builtin";
        }

        if (runtime.UserNamespaces)
        {
            yield return "name=userns";
        }

        yield return "name=cgroupns";
    }

    /// <summary>In Docker's words, which leave out what a cgroup version never has.</summary>
    private static IEnumerable<string> Warnings(LimitSupport limits, bool unified)
    {
        (bool Missing, string What)[] all =
        [
            (!limits.Memory, "memory limit"),
            (!limits.Swap, "swap limit"),
            (!limits.OomKillDisable && !unified, "oom kill disable"),
            (!limits.CpuQuota, "cpu cfs quota"),
            (!limits.CpuQuota, "cpu cfs period"),
            (!limits.CpuShares, "cpu shares"),
            (!limits.Cpuset, "cpuset"),
            (!limits.BlockWeight && unified, "io.weight"),
            (!limits.BlockWeightDevices && unified, "io.weight (per device)"),
            (!limits.BlockThrottle, unified ? "io.max (rbps)" : "blkio throttle.read_bps_device"),
            (!limits.BlockThrottle, unified ? "io.max (wbps)" : "blkio throttle.write_bps_device"),
            (!limits.BlockThrottle, unified ? "io.max (riops)" : "blkio throttle.read_iops_device"),
            (!limits.BlockThrottle, unified ? "io.max (wiops)" : "blkio throttle.write_iops_device"),
        ];
        return all.Where(item => item.Missing).Select(item => $"WARNING: No {item.What} support");
    }
}
