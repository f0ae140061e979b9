namespace Portal.Domain.Containers;

/// <summary>A device of the host given to a container.</summary>
/// <param name="HostPath">Device node, or a folder of device nodes, on the host.</param>
/// <param name="ContainerPath">Where it is inside.</param>
/// <param name="Permissions">Some of <c>r</c>, <c>w</c>, <c>m</c>.</param>
public sealed record DeviceSpec(string HostPath, string ContainerPath, string Permissions);

/// <summary>Devices asked for by what they can do, or by their CDI names (<c>--gpus</c>, <c>--device vendor.com/class=name</c>).</summary>
/// <param name="Driver"><c>cdi</c>, <c>nvidia</c>, …; may be empty.</param>
/// <param name="Count">How many; -1 for all; 0 when <paramref name="Ids"/> names them.</param>
/// <param name="Ids">Device ids; for CDI qualified names.</param>
/// <param name="Capabilities">Alternatives, each a list of capabilities that must all be there.</param>
/// <param name="Options">For the driver.</param>
public sealed record DeviceRequestSpec(
    string Driver, int Count, IReadOnlyList<string> Ids, IReadOnlyList<IReadOnlyList<string>> Capabilities, IReadOnlyDictionary<string, string> Options);
