using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Linux;
using Portal.Runtime.Mounts;

namespace Portal.Runtime.Volumes;

/// <summary>A volume that is being filled from an image. Unless committed it is empty again afterwards.</summary>
internal sealed class VolumeFilling : IDisposable
{
    private readonly string _note;
    private readonly Lock _turn;
    private bool _committed;

    /// <param name="folder">What is filled, empty. Closed with this object.</param>
    /// <param name="note">What tells the next agent of it.</param>
    /// <param name="subpath">Which folder of the volume it is; empty for the whole.</param>
    /// <param name="turn">Held by this thread; left with this object.</param>
    public VolumeFilling(SafeFileHandle folder, string note, string subpath, Lock turn)
    {
        (Folder, _note, _turn) = (folder, note, turn);
        try
        {
            // The line's end tells a whole note from one that was cut: no path has it to spare.
            File.WriteAllText(note, subpath + "\n");
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public SafeFileHandle Folder { get; }

    /// <summary>Keeps what was filled in.</summary>
    public void Commit() => _committed = true;

    public void Dispose()
    {
        try
        {
            if (!_committed)
            {
                Empty(Folder);
            }

            File.Delete(_note);
        }
        finally
        {
            Folder.Dispose();
            _turn.Exit();
        }
    }

    /// <summary>The folder that a note tells of; null when the note itself was cut short, so that nothing had been filled.</summary>
    public static string? Read(string note) => File.ReadAllText(note) is { } text && text.EndsWith('\n') ? text[..^1] : null;

    /// <summary>Empties a folder of a volume, if there is one.</summary>
    public static void Empty(string volume, string subpath)
    {
        using var root = SafeSubpath.OpenFolder(volume);
        if (Libc.OpenBeneath(root, subpath.Length == 0 ? "."u8 : Encoding.UTF8.GetBytes(subpath), Libc.OpenReadOnly | Libc.OpenDirectory, out var folder) == 0)
        {
            using (folder)
            {
                Empty(folder!);
            }
        }
    }

    private static void Empty(SafeFileHandle folder)
    {
        // A handle lists its directory once, and this one has been listed.
        if (Libc.Reopen(folder, Libc.OpenReadOnly | Libc.OpenDirectory, out var again) is not 0 and var errno)
        {
            throw Libc.Failure("open", "a volume"u8, errno);
        }

        using (again)
        {
            var names = new List<(byte[] Name, FileKind Kind)>();
            if (Libc.ReadDirectory(again!, names) is not 0 and var failure)
            {
                throw Libc.Failure("getdents", "a volume"u8, failure);
            }

            names.ForEach(entry => DirectoryTree.DeleteAt(again!, entry.Name));
        }
    }
}
