namespace Portal.Domain.Primitives;

/// <summary>Pressure: the share of the time, 0 to 100, in which at least one task stood still for want of something.</summary>
/// <param name="CpuPercent">Of a processor.</param>
/// <param name="MemoryPercent">Of memory.</param>
/// <param name="IoPercent">Of block I/O.</param>
public sealed record Pressure(double CpuPercent, double MemoryPercent, double IoPercent);
