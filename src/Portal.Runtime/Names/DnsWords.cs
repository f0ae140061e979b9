namespace Portal.Runtime.Names;

/// <summary>Types of records that mean something here.</summary>
internal enum DnsType : ushort
{
    A = 1,
    Soa = 6,
    Ptr = 12,
    Mx = 15,
    Txt = 16,
    Aaaa = 28,
    Srv = 33,

    /// <summary>Not a record: what RFC 6891 adds to the header.</summary>
    Opt = 41,
    Svcb = 64,
    Https = 65,
}

/// <summary>How a question went (RFC 1035, 4.1.1; RFC 6891, 9).</summary>
internal enum DnsCode : ushort
{
    Success = 0,
    FormatError = 1,
    ServerFailure = 2,
    NameError = 3,
    NotImplemented = 4,
    Refused = 5,
    BadVersion = 16,
}

/// <summary>Bits of the second word of a header.</summary>
internal static class DnsBits
{
    public const ushort Response = 0x8000;
    public const ushort Opcode = 0x7800;
    public const ushort Truncated = 0x0200;
    public const ushort RecursionDesired = 0x0100;
    public const ushort RecursionAvailable = 0x0080;
    public const ushort Authentic = 0x0020;
    public const ushort CheckingDisabled = 0x0010;
    public const ushort Code = 0x000F;

    public const ushort Internet = 1;
    public const int HeaderSize = 12;

    /// <summary>A datagram that every resolver takes (RFC 1035, 4.2.1).</summary>
    public const int SmallDatagram = 512;

    /// <summary>One that does not come in pieces on any usual path, and what we say we take.</summary>
    public const int LargeDatagram = 1232;

    /// <summary>The OPT record without options.</summary>
    public const int OptSize = 11;
}
