using System.Globalization;
using System.Text;

namespace Portal.Runtime.Supervision;

/// <summary>conmon's control fifo.</summary>
internal static class TerminalControl
{
    /// <summary>Sets the terminal's size: one line <c>1 rows columns</c>.</summary>
    public static async Task ResizeAsync(BundlePaths bundle, int rows, int columns, CancellationToken ct)
    {
        try
        {
            // conmon holds a reading end, so this open does not wait; a line is below PIPE_BUF and arrives whole.
            await using var fifo = new FileStream(bundle.ControlFifo, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            await fifo.WriteAsync(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"1 {rows} {columns}\n")), ct).ConfigureAwait(false);
        }
        catch (FileNotFoundException)
        {
            // The container has ended meanwhile.
        }
        catch (DirectoryNotFoundException)
        {
            // As above.
        }
    }
}
