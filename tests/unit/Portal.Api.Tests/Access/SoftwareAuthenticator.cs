using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Portal.Api.Tests.Access;

/// <summary>A device with one ES256 key, as a browser and its authenticator would answer (WebAuthn, attestation "none"). What it says can be bent.</summary>
internal sealed class SoftwareAuthenticator : IDisposable
{
    private const byte Present = 0x01, Verified = 0x04, Attested = 0x40;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public byte[] Id { get; init; } = RandomNumberGenerator.GetBytes(32);

    public string Origin { get; set; } = "https://localhost";

    public bool CrossOrigin { get; set; }

    public string? RelyingParty { get; set; }

    public bool IsVerified { get; set; } = true;

    public uint Count { get; set; } = 1;

    public string? UserHandle { get; set; }

    /// <summary>True to spoil the next signature.</summary>
    public bool SignsWrong { get; set; }

    /// <summary>Makes its key for whoever asks.</summary>
    public object Create(JsonElement options)
    {
        UserHandle = options.GetProperty("user").GetProperty("id").GetString();
        RelyingParty ??= options.GetProperty("rp").GetProperty("id").GetString();
        var point = _key.ExportParameters(false).Q;
        byte[] publicKey = [0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 32, .. point.X!, 0x22, 0x58, 32, .. point.Y!];
        byte[] authenticator = [.. Authenticator(Attested), .. new byte[16], 0, (byte)Id.Length, .. Id, .. publicKey];
        byte[] attestation = [0xA3, .. Text("fmt"), .. Text("none"), .. Text("attStmt"), 0xA0, .. Text("authData"), 0x58, (byte)authenticator.Length, .. authenticator];
        return new
        {
            id = Encode(Id), rawId = Encode(Id), type = "public-key", clientExtensionResults = new { },
            response = new { clientDataJSON = Encode(ClientData("webauthn.create", options)), attestationObject = Encode(attestation), transports = new[] { "internal", "hybrid" } },
        };
    }

    /// <summary>Signs for whoever asks.</summary>
    public object Get(JsonElement options)
    {
        RelyingParty ??= options.GetProperty("rpId").GetString();
        var (data, authenticator) = (ClientData("webauthn.get", options), Authenticator(0));
        var signature = _key.SignData([.. authenticator, .. SHA256.HashData(data)], HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        if (SignsWrong)
        {
            signature[^1] ^= 1;
        }

        return new
        {
            id = Encode(Id), rawId = Encode(Id), type = "public-key", clientExtensionResults = new { },
            response = new { clientDataJSON = Encode(data), authenticatorData = Encode(authenticator), signature = Encode(signature), userHandle = UserHandle },
        };
    }

    public void Dispose() => _key.Dispose();

    private byte[] ClientData(string type, JsonElement options) =>
        JsonSerializer.SerializeToUtf8Bytes(new { type, challenge = options.GetProperty("challenge").GetString(), origin = Origin, crossOrigin = CrossOrigin });

    private byte[] Authenticator(byte flags)
    {
        var count = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(count, Count);
        return [.. SHA256.HashData(Encoding.UTF8.GetBytes(RelyingParty!)), (byte)(flags | Present | (IsVerified ? Verified : 0)), .. count];
    }

    private static byte[] Text(string text) => [(byte)(0x60 + text.Length), .. Encoding.ASCII.GetBytes(text)];

    private static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);
}
