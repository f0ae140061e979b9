namespace Portal.Web.Components.Controls;

/// <summary>One value at one time.</summary>
/// <param name="Time">When it was taken.</param>
/// <param name="Value">The value; a value that is not finite leaves a gap.</param>
public readonly record struct ChartPoint(DateTimeOffset Time, double Value);

/// <summary>One line of a chart.</summary>
/// <param name="Name">As the legend shows it.</param>
/// <param name="Tone">1 to 4: which of the theme's line colours.</param>
/// <param name="Points">Oldest first.</param>
public sealed record StatsSeries(string Name, int Tone, IReadOnlyList<ChartPoint> Points);
