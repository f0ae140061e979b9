using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Images;

namespace Portal.Agent.Tests.EngineApi.Fakes;

/// <summary>Values for tests that do not care which.</summary>
internal static class Some
{
    public static DateTimeOffset Time { get; } = new(2026, 11, 23, 19, 0, 0, TimeSpan.Zero);

    public static ContainerId Id { get; } = ContainerId.Parse(new string('a', 64), null);

    public static Digest Digest { get; } = Digest.Of("busybox"u8);

    public static ContainerSpec Spec { get; } = new() { Image = "busybox", Command = ["sh"] };

    public static ImageSnapshot Image { get; } =
        new(Digest, ["busybox:latest"], [], Time, 1000, "amd64", "linux", "", "", new ImageConfig { Command = ["sh"] }, [Digest.Of("layer"u8)], []);

    public static ContainerSnapshot Container(string name = "web", ContainerSpec? spec = null, ContainerStatus? status = null)
    {
        spec ??= Spec;
        return new(
            Id, name, Time, spec, new(spec.Entrypoint ?? [], spec.Command ?? ["sh"], spec.Environment, "/", "", spec.Labels, spec.ExposedPorts, 15),
            Digest, status ?? Running, null, [], "/log", 0);
    }

    public static ContainerPlaces Places { get; } = new("/c/resolv.conf", "/c/hosts", "/c/hostname", "portal-default", new(["/l/2", "/l/1"], "/c/diff", "/c/work", "/c/merged"));

    public static ContainerStatus Running { get; } = new(ContainerState.Running, 42, 0, Time, null, false, "");
}
