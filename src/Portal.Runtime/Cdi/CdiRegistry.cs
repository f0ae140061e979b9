using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace Portal.Runtime.Cdi;

/// <summary>A device that a CDI file of this host describes.</summary>
/// <param name="Name">Qualified, <c>vendor.com/class=name</c>.</param>
/// <param name="Spec">The file it is in.</param>
/// <param name="Device">What it is there.</param>
internal sealed record CdiEntry(string Name, CdiSpec Spec, CdiDevice Device);

/// <summary>The CDI devices of this host at one moment.</summary>
/// <param name="Devices">By qualified name.</param>
/// <param name="Errors">Files that cannot be read and devices that two files describe, a sentence each.</param>
internal sealed record CdiDevices(ImmutableSortedDictionary<string, CdiEntry> Devices, IReadOnlyList<string> Errors)
{
    /// <summary>True when there is a device of a kind, <c>nvidia.com/gpu</c>.</summary>
    public bool HasKind(string kind) => Devices.Keys.Any(name => name.StartsWith(kind + "=", StringComparison.Ordinal));
}

/// <summary>
/// The folders of CDI files. Read whenever somebody asks: that is rare, the files are few, and drivers write them at any time.
/// </summary>
internal sealed partial class CdiRegistry(RuntimeOptions options, ILogger<CdiRegistry> log)
{
    private const long MaximumSize = 10 << 20;

    /// <summary>Reads the folders. A device of a later folder replaces that of an earlier one; of two in the same folder neither counts.</summary>
    public CdiDevices Read()
    {
        var devices = ImmutableSortedDictionary.CreateBuilder<string, CdiEntry>(StringComparer.Ordinal);
        List<string> errors = [];
        foreach (var folder in options.CdiSpecFolders)
        {
            foreach (var (name, entry) in ReadFolder(folder, errors))
            {
                _ = devices.Remove(name);
                if (entry is not null)
                {
                    devices.Add(name, entry);
                }
            }
        }

        return new(devices.ToImmutable(), errors);
    }

    /// <summary>Tells what is wrong with the files, when a device was not found that may be in one of them.</summary>
    public void Report(CdiDevices devices)
    {
        foreach (var error in devices.Errors)
        {
            LogBad(error);
        }
    }

    private static Dictionary<string, CdiEntry?> ReadFolder(string folder, List<string> errors)
    {
        var found = new Dictionary<string, CdiEntry?>(StringComparer.Ordinal);
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var path in Files(folder, errors))
        {
            CdiSpec spec;
            try
            {
                spec = new FileInfo(path).Length <= MaximumSize
                    ? CdiReader.Read(File.ReadAllText(path))
                    : throw new FormatException($"the file is larger than {MaximumSize >> 20} MiB");
            }
            catch (Exception ex) when (ex is FormatException or IOException or UnauthorizedAccessException)
            {
                errors.Add($"failed to load CDI Spec {path}: {ex.Message}");
                continue;
            }

            foreach (var device in spec.Devices!)
            {
                var name = $"{spec.Kind}={device.Name}";
                if (places.TryAdd(name, path))
                {
                    found[name] = new(name, spec, device);
                }
                else
                {
                    errors.Add($"conflicting device \"{name}\" (specs \"{places[name]}\", \"{path}\")");
                    found[name] = null;
                }
            }
        }

        return found;
    }

    private static string[] Files(string folder, List<string> errors)
    {
        try
        {
            return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder).Where(path => Path.GetExtension(path) is ".json" or ".yaml").Order(StringComparer.Ordinal)] : [];
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            errors.Add($"{folder}: {ex.Message}");
            return [];
        }
    }

    [LoggerMessage(3400, LogLevel.Warning, "A CDI device was not found, and this may be why: {Error}")]
    private partial void LogBad(string error);
}
