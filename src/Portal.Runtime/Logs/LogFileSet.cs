using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Logs;

/// <summary>The names a log goes by: <c>log</c> is written to, <c>log.1</c> was before it, and so on.</summary>
internal static class LogFileSet
{
    /// <summary>More rotated files than anybody keeps; ends the search.</summary>
    private const int MaximumCount = 1000;

    /// <summary>Name of the rotated file; 0 is the one written to.</summary>
    public static string NameOf(string path, int number) => number == 0 ? path : path + "." + number.ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// Opens all files, newest first. Opening in this order, a rotation in between can only show a file twice, never hide one;
    /// the second sight is left out.
    /// </summary>
    public static List<SafeFileHandle> OpenAll(string path)
    {
        var handles = new List<SafeFileHandle>();
        try
        {
            for (var number = 0; number < MaximumCount; number++)
            {
                if (TryOpen(NameOf(path, number)) is { } handle)
                {
                    handles.Add(handle);
                }
                else if (number > 0)
                {
                    break;
                }
            }

            for (var i = handles.Count - 1; i > 0; i--)
            {
                if (CurrentName(handles[i]) == CurrentName(handles[i - 1]))
                {
                    handles[i].Dispose();
                    handles.RemoveAt(i);
                }
            }

            return handles;
        }
        catch
        {
            handles.ForEach(handle => handle.Dispose());
            throw;
        }
    }

    /// <summary>Opens a log file that may be renamed and removed meanwhile; null when there is none.</summary>
    public static SafeFileHandle? TryOpen(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>
    /// Opens the file that follows the given one, when that is written to no more: the runtime's monitor makes the new file
    /// only after it closed the old one, so the new one's existence is the sign. Null while the given one is the newest.
    /// </summary>
    public static SafeFileHandle? TryOpenNext(string path, SafeFileHandle current)
    {
        while (true)
        {
            var number = NumberOf(path, current);
            if (number == 0)
            {
                return null;
            }

            // Removed while it was read: what came right after it may be gone too, so go on with the oldest there is.
            var next = number is { } known ? TryOpen(NameOf(path, known - 1)) : OpenOldest(path);
            if (next is null || NumberOf(path, current) == number)
            {
                return next;
            }

            // Another rotation moved the names between the two looks.
            next.Dispose();
        }
    }

    private static SafeFileHandle? OpenOldest(string path)
    {
        var handles = OpenAll(path);
        for (var i = 0; i < handles.Count - 1; i++)
        {
            handles[i].Dispose();
        }

        return handles.Count > 0 ? handles[^1] : null;
    }

    // 0 for the file written to, null for one that was removed.
    private static int? NumberOf(string path, SafeFileHandle handle)
    {
        var name = Path.GetFileName(CurrentName(handle).AsSpan());
        var own = Path.GetFileName(path.AsSpan());
        return name.SequenceEqual(own) ? 0
            : name.Length > own.Length + 1 && name.StartsWith(own, StringComparison.Ordinal) && name[own.Length] == '.'
                && int.TryParse(name[(own.Length + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : null;
    }

    // The kernel follows renames of an open file; " (deleted)" is added to the name of a removed one.
    private static string CurrentName(SafeFileHandle handle) =>
        new FileInfo($"/proc/self/fd/{handle.DangerousGetHandle()}").LinkTarget ?? "";
}
