namespace Portal.Domain.Containers;

/// <summary>A limit or weight of one block device.</summary>
/// <param name="Device">Path of its node on the host.</param>
/// <param name="Value">Bytes or operations a second, or a weight from 10 to 1000.</param>
public sealed record BlockLimit(string Device, long Value);
