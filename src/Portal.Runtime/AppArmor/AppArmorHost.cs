using System.Text;
using Microsoft.Extensions.Logging;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.Oci;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.AppArmor;

/// <summary>AppArmor of this host: which profiles are loaded, and the engine's own, loaded where it is missing.</summary>
/// <param name="root">Above <c>/sys</c> and <c>/etc</c>; empty for the host's.</param>
/// <param name="parsers">Where apparmor_parser may be.</param>
/// <param name="log">For what cannot be had.</param>
internal sealed partial class AppArmorHost(string root, IReadOnlyList<string> parsers, ILogger<AppArmorHost> log) : IDisposable
{
    private const string ProfileList = "/sys/kernel/security/apparmor/profiles";

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _loading = new(1, 1);
    private readonly string? _parser = parsers.FirstOrDefault(File.Exists);

    public AppArmorHost(ILogger<AppArmorHost> log) : this("", ["/usr/sbin/apparmor_parser", "/sbin/apparmor_parser"], log) { }

    /// <summary>What there is.</summary>
    public AppArmorSupport Support => new(IsEnabled, IsEnabled && (_parser is not null || IsLoaded(AppArmorProfile.Name)));

    // Decided when the machine starts.
    private bool IsEnabled { get; } = Read(root + "/sys/module/apparmor/parameters/enabled").StartsWith('Y') && File.Exists(root + ProfileList);

    public void Dispose() => _loading.Dispose();

    /// <summary>At the start of the agent: has the profile ready, and says when it cannot be had.</summary>
    public async Task PrepareAsync(CancellationToken ct)
    {
        if (!IsEnabled)
        {
            return;
        }

        try
        {
            if (!Support.HasDefault)
            {
                LogNoParser();
                return;
            }

            await EnsureAsync(AppArmorProfile.Name, ct).ConfigureAwait(false);
        }
        catch (ErrorException ex)
        {
            LogNotLoaded(ex);
        }
    }

    /// <summary>The profile of a container about to start, or of an exec in it, loaded; null where there is no AppArmor.</summary>
    /// <exception cref="ErrorException">400: no such profile, or no AppArmor. 500: the engine's own cannot be loaded.</exception>
    public async Task<string?> ProfileAsync(ContainerSpec spec, CancellationToken ct, bool privilegedExec = false)
    {
        var profile = Describe(spec, privilegedExec);
        if (profile is not (null or AppArmorProfile.Unconfined))
        {
            await EnsureAsync(profile, ct).ConfigureAwait(false);
        }

        return profile;
    }

    /// <summary>The profile of a container, or of an exec in it.</summary>
    /// <inheritdoc cref="AppArmorChoice.Profile" path="/exception"/>
    public string? Describe(ContainerSpec spec, bool privilegedExec = false) =>
        privilegedExec && IsEnabled ? AppArmorProfile.Unconfined
        : AppArmorChoice.Profile(SecurityOptions.Parse(spec.SecurityOptions).AppArmorProfile, spec.Privileged, Support);

    /// <summary>As <see cref="Describe"/>; null where that throws.</summary>
    public string? TryDescribe(ContainerSpec spec)
    {
        try
        {
            return Describe(spec);
        }
        catch (ErrorException)
        {
            return null;
        }
    }

    /// <summary>True when the kernel has a profile of this name.</summary>
    internal bool IsLoaded(string name)
    {
        // Lines "name (enforce)"; a name can have blanks.
        foreach (var line in Read(root + ProfileList).AsSpan().EnumerateLines())
        {
            if (line.LastIndexOf(" (") is var end and > 0 && line[..end].SequenceEqual(name))
            {
                return true;
            }
        }

        return false;
    }

    private async Task EnsureAsync(string name, CancellationToken ct)
    {
        if (IsLoaded(name))
        {
            return;
        }

        if (name != AppArmorProfile.Name)
        {
            throw new ErrorException(ErrorKind.Invalid, "container.apparmor", $"AppArmor profile \"{name}\" is not loaded on this host");
        }

        // Administrators and package scripts unload what they do not know.
        await _loading.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            if (!IsLoaded(name) && await LoadAsync(ct).ConfigureAwait(false) is { } failure)
            {
                throw new ErrorException(ErrorKind.Internal, "container.apparmor", $"AppArmor enabled on system but the {name} profile could not be loaded: {failure}");
            }
        }
        finally
        {
            _loading.Release();
        }
    }

    /// <summary>Hands the profile to apparmor_parser.</summary>
    /// <returns>Null, or what it said on failure.</returns>
    private async Task<string?> LoadAsync(CancellationToken ct)
    {
        if (_parser is null)
        {
            return "apparmor_parser is not installed";
        }

        var agent = Read("/proc/self/attr/current").Split(" (")[0].Trim() is { Length: > 0 } label && label.All(c => !char.IsControl(c)) ? label : AppArmorProfile.Unconfined;
        using var input = Pipe.ToChild();
        using var error = Pipe.FromChild();
        using var child = ChildProcess.Start(new(_parser, ["-Kr"])
        {
            Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle> { [0] = input.Theirs, [2] = error.Theirs },
        });
        input.Theirs.Dispose();
        error.Theirs.Dispose();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(s_limit);
        try
        {
            var text = OciRuntime.ReadAsync(error.Ours, limit.Token);
            var hasBase = File.Exists(root + "/etc/apparmor.d/tunables/global") && File.Exists(root + "/etc/apparmor.d/abstractions/base");
            await input.Ours.WriteAsync(Encoding.UTF8.GetBytes(AppArmorProfile.Text(agent, hasBase)), limit.Token).ConfigureAwait(false);
            input.Ours.Dispose();
            return await child.WaitAsync(limit.Token).ConfigureAwait(false) == 0 ? null : await text.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            child.Handle.Signal(Containers.SignalName.Kill);
            return $"{_parser} did not answer within {s_limit.TotalSeconds:0} s";
        }
    }

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    [LoggerMessage(3410, LogLevel.Warning, "AppArmor is enabled, but apparmor_parser is not installed: containers run without the engine's profile.")]
    private partial void LogNoParser();

    [LoggerMessage(3411, LogLevel.Warning, "The engine's AppArmor profile could not be loaded; containers that need it will not start.")]
    private partial void LogNotLoaded(ErrorException failure);
}
