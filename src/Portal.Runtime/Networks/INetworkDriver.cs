namespace Portal.Runtime.Networks;

/// <summary>Connects containers to networks of one kind.</summary>
internal interface INetworkDriver
{
    /// <summary>As networks name it.</summary>
    string Name { get; }

    /// <summary>Connects; on failure nothing is left.</summary>
    Task<NetworkAttachment> ConnectAsync(NetworkRecord network, AttachmentRequest request);

    /// <summary>Takes everything of a connection away; absent is success.</summary>
    void Disconnect(NetworkAttachment attachment);
}
