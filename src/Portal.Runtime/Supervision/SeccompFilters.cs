using System.Collections.Immutable;
using System.Text.Json;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Supervision;

/// <summary>
/// Seccomp filters as crun compiled them, by their profile: compiling takes longer than all the rest of a start, and nearly
/// all containers have the same profile. crun leaves the filter of each container in its folder and takes one ready-made by
/// an annotation (crun(1)); a runtime that does not know the annotation compiles the profile, which stays in the configuration.
/// </summary>
internal sealed class SeccompFilters
{
    private const string Annotation = "run.oci.seccomp_bpf_data";
    private const int Limit = 32, MaximumSize = 32 * 1024, InstructionSize = 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, string> _filters = new(StringComparer.Ordinal);

    /// <summary>Adds the filter to a configuration if it is known.</summary>
    /// <returns>The configuration, and the profile to <see cref="Learn"/> once crun has compiled it; null when there is nothing to learn.</returns>
    public (OciSpec Spec, string? Unknown) Apply(OciSpec spec)
    {
        if (spec.Linux.Seccomp is not { } seccomp)
        {
            return (spec, null);
        }

        var profile = JsonSerializer.Serialize(seccomp, OciJson.Default.OciSeccomp);
        lock (_lock)
        {
            return _filters.TryGetValue(profile, out var filter)
                ? (spec with { Annotations = new Dictionary<string, string>(spec.Annotations ?? ImmutableDictionary<string, string>.Empty) { [Annotation] = filter } }, null)
                : (spec, profile);
        }
    }

    /// <summary>Remembers what crun made of a profile.</summary>
    /// <param name="profile">From <see cref="Apply"/>.</param>
    /// <param name="folder">The runtime's folder of the created container.</param>
    public void Learn(string profile, string folder)
    {
        byte[] filter;
        try
        {
            filter = File.ReadAllBytes(folder + "/seccomp.bpf");
        }
        catch (IOException)
        {
            // Another runtime, or the container is gone already.
            return;
        }

        if (filter.Length is 0 or > MaximumSize || filter.Length % InstructionSize != 0)
        {
            return;
        }

        lock (_lock)
        {
            if (_filters.Count >= Limit)
            {
                _filters.Clear();
            }

            _filters[profile] = Convert.ToBase64String(filter);
        }
    }
}
