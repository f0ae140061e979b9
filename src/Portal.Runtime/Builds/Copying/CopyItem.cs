using Portal.Runtime.Tar;

namespace Portal.Runtime.Builds.Copying;

/// <summary>Something that a COPY or ADD brings, found and looked at before anything is written.</summary>
/// <param name="Name">Last part of its name: what it is called in a folder.</param>
/// <param name="Digest">Stands for its content, modes and owners, and not for its times.</param>
internal abstract record CopyItem(string Name, byte[] Digest);

/// <summary>A file or folder of a tree.</summary>
/// <param name="Tree">The tree.</param>
/// <param name="Path">Clean path in it; empty for the tree itself.</param>
/// <param name="IsFolder">Its contents are meant, not it.</param>
/// <param name="Pivot">Folders that come along with it (<c>--parents</c>): path from where they count; null for none.</param>
internal sealed record TreeItem(SourceTree Tree, string Path, bool IsFolder, string? Pivot, string Name, byte[] Digest) : CopyItem(Name, Digest);

/// <summary>An archive that is unpacked.</summary>
internal sealed record ArchiveItem(SourceTree Tree, string Path, Packing Packing, string Name, byte[] Digest) : CopyItem(Name, Digest);

/// <summary>A file that is on this machine: fetched, or a text of the Dockerfile.</summary>
/// <param name="File">Absolute path.</param>
/// <param name="Mode">Its mode.</param>
/// <param name="Modified">Its time; null for now.</param>
internal sealed record FileItem(string File, uint Mode, DateTimeOffset? Modified, string Name, byte[] Digest) : CopyItem(Name, Digest);

/// <summary>A text of the Dockerfile.</summary>
internal sealed record TextItem(byte[] Text, string Name, byte[] Digest) : CopyItem(Name, Digest);

/// <summary>How things are copied.</summary>
/// <param name="Destination">Absolute and clean.</param>
/// <param name="IsFolder">It was written as a folder.</param>
/// <param name="Owner">Who is to own what is made; null for whoever does.</param>
/// <param name="Mode">What modes become; null leaves them.</param>
/// <param name="Word">COPY or ADD.</param>
internal sealed record CopyOptions(string Destination, bool IsFolder, (uint User, uint Group)? Owner, ModeChange? Mode, Dockerfiles.IgnorePatterns Exclude, string Word);
