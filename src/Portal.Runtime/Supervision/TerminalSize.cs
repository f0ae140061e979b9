namespace Portal.Runtime.Supervision;

/// <summary>Size of a terminal in characters.</summary>
public readonly record struct TerminalSize(int Rows, int Columns);
