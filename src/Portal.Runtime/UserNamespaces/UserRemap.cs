using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Runtime.UserNamespaces;

/// <summary>Which containers get a user namespace of their own. Pure.</summary>
internal static class UserRemap
{
    /// <summary>The mappings of a container about to be made; null when it keeps the host's ids.</summary>
    /// <param name="spec">What was asked.</param>
    /// <param name="setting">The engine's setting.</param>
    /// <exception cref="ErrorException">400, in Docker's words: it asks for what a user namespace cannot have.</exception>
    public static IdMappings? MappingsFor(ContainerSpec spec, IdMappings? setting)
    {
        if (setting is null || spec.UserNamespaceMode.Kind == NamespaceKind.Host)
        {
            return null;
        }

        if (spec.Privileged)
        {
            throw Invalid("privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode");
        }

        if (spec.NetworkMode == "host")
        {
            throw Invalid("cannot share the host's network namespace when user namespaces are enabled");
        }

        return spec.PidMode.Kind == NamespaceKind.Host ? throw Invalid("cannot share the host PID namespace when user namespaces are enabled") : setting;
    }

    private static ErrorException Invalid(string message) => new(ErrorKind.Invalid, "container.user_namespace", message);
}
