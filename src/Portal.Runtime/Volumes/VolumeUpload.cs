namespace Portal.Runtime.Volumes;

/// <summary>A file on its way into a volume.</summary>
/// <param name="note">What tells the next agent of it.</param>
/// <param name="name">What it is called until it is whole.</param>
internal sealed class VolumeUpload(string note, byte[] name) : IDisposable
{
    public ReadOnlySpan<byte> Name => name;

    public void Dispose() => File.Delete(note);
}
