using Portal.Runtime.AppArmor;
using Portal.Runtime.Cdi;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Oci;
using Portal.Runtime.Supervision;

namespace Portal.Runtime;

/// <summary>What the runtime can do on this host, at one moment.</summary>
/// <param name="Runtimes">Programs of OCI runtimes by the names that containers may ask for.</param>
/// <param name="DefaultRuntime">Name of the one that runs containers which name none.</param>
/// <param name="Limits">Which limits the kernel keeps.</param>
/// <param name="AppArmor">What of AppArmor there is.</param>
/// <param name="Seccomp">The kernel filters system calls.</param>
/// <param name="CdiFolders">Folders of device descriptions.</param>
/// <param name="CdiDevices">Devices described there, by qualified name.</param>
/// <param name="CdiErrors">What is wrong with the descriptions, a sentence each.</param>
public sealed record RuntimeInfo(
    IReadOnlyDictionary<string, string> Runtimes, string DefaultRuntime, LimitSupport Limits, AppArmorSupport AppArmor, bool Seccomp,
    IReadOnlyList<string> CdiFolders, IReadOnlyList<string> CdiDevices, IReadOnlyList<string> CdiErrors)
{
    /// <summary>Containers have ids of their own, unless they say otherwise.</summary>
    public bool UserNamespaces { get; init; }

    /// <summary>What of the programs that run containers is too old, a sentence each.</summary>
    public IReadOnlyList<string> HelperComplaints { get; init; } = [];
}

/// <summary>Tells what the runtime can do.</summary>
public interface IRuntimeInfo
{
    /// <summary>Name of the OCI runtime of containers that name none.</summary>
    string DefaultRuntime { get; }

    /// <summary>Paths hidden and protected in a container that says nothing of it.</summary>
    (IReadOnlyList<string> Masked, IReadOnlyList<string> ReadOnly) DefaultPaths { get; }

    /// <summary>All of it; looks at the host.</summary>
    RuntimeInfo Read();

    /// <summary>Versions of the programs that the runtime starts; asks each once.</summary>
    Task<RuntimePrograms> ReadProgramsAsync(CancellationToken ct);
}

internal sealed class HostRuntimeInfo(OciRuntimes runtimes, OciHost host, AppArmorHost appArmor, CdiRegistry cdi, HelperVersions helpers, RuntimeOptions options) : IRuntimeInfo
{
    public string DefaultRuntime => runtimes.Default;

    public (IReadOnlyList<string> Masked, IReadOnlyList<string> ReadOnly) DefaultPaths { get; } = (OciSpecBuilder.DefaultMaskedPaths(host), OciSpecBuilder.DefaultReadOnlyPaths);

    public RuntimeInfo Read()
    {
        var devices = cdi.Read();
        return new(
            new Dictionary<string, string>(runtimes.Paths) { [OciRuntimes.ShimName] = runtimes.Paths[runtimes.Default] }, runtimes.Default, host.Limits, appArmor.Support, host.Seccomp,
            options.CdiSpecFolders, [.. devices.Devices.Keys], devices.Errors)
        {
            UserNamespaces = options.Mappings is not null,
            HelperComplaints = helpers.Complaints,
        };
    }

    public async Task<RuntimePrograms> ReadProgramsAsync(CancellationToken ct)
    {
        var oci = ProgramVersions.ReadAsync(runtimes.Paths[runtimes.Default], ct);
        var monitor = ProgramVersions.ReadAsync(options.ConmonPath, ct);
        var init = options.InitPath is { } path ? await ProgramVersions.ReadAsync(path, ct).ConfigureAwait(false) : null;
        return new(await oci.ConfigureAwait(false), await monitor.ConfigureAwait(false), init);
    }
}
