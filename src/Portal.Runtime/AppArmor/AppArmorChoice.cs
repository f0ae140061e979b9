using Portal.Domain.Primitives;

namespace Portal.Runtime.AppArmor;

/// <summary>What of AppArmor a host has.</summary>
/// <param name="IsEnabled">The kernel confines by it.</param>
/// <param name="HasDefault">The engine's profile is loaded, or can be.</param>
public readonly record struct AppArmorSupport(bool IsEnabled, bool HasDefault);

/// <summary>Which profile a container runs under. Pure.</summary>
internal static class AppArmorChoice
{
    /// <summary>Name of the profile; null where there is no AppArmor.</summary>
    /// <param name="asked">Of <c>--security-opt apparmor=</c>; null when nothing was said.</param>
    /// <param name="privileged">The container, or the exec, is privileged.</param>
    /// <param name="host">What the host has.</param>
    /// <exception cref="ErrorException">400: a profile was asked for, and there is no AppArmor. Ignoring that would leave the container less confined than was asked for.</exception>
    public static string? Profile(string? asked, bool privileged, AppArmorSupport host)
    {
        var name = asked == AppArmorProfile.DockersName ? AppArmorProfile.Name : asked;
        if (host.IsEnabled)
        {
            return name ?? (privileged || !host.HasDefault ? AppArmorProfile.Unconfined : AppArmorProfile.Name);
        }

        return name is null or AppArmorProfile.Unconfined or AppArmorProfile.Name
            ? null
            : throw new ErrorException(ErrorKind.Invalid, "container.apparmor", $"AppArmor profile \"{name}\" cannot be applied: AppArmor is not enabled on this host");
    }
}
