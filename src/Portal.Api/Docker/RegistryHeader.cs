using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Portal.Api.Adapters.Storage;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Registries;

namespace Portal.Api.Docker;

/// <summary>Credentials for registries as they are sent to an engine.</summary>
/// <param name="Header">Name of the header.</param>
/// <param name="Value">JSON in base64.</param>
internal sealed record RegistryHeader(string Header, string Value)
{
    private const string Auth = "X-Registry-Auth", Config = "X-Registry-Config";

    /// <summary>For one registry: what a pull, a push and a question are sent with.</summary>
    public static RegistryHeader One(Registry registry, RegistrySecret secret) => new(Auth, Encode(JsonSerializer.SerializeToUtf8Bytes(SignIn(registry, secret), EngineJson.Default.AuthConfig)));

    /// <summary>For several: what a build is sent with, whose Dockerfile says where images come from.</summary>
    public static RegistryHeader All(IEnumerable<(Registry Registry, RegistrySecret Secret)> registries) => new(Config, Encode(JsonSerializer.SerializeToUtf8Bytes(
        registries.ToDictionary(
            item => RegistryAddress.ForClients(item.Registry.Address),
            item => new RegistryConfigItem { UserName = item.Registry.UserName, Password = item.Secret.Password, IdentityToken = item.Secret.Token }),
        EngineJson.Default.DictionaryStringRegistryConfigItem)));

    /// <summary>The same as the body of a sign-in.</summary>
    public static AuthConfig SignIn(Registry registry, RegistrySecret secret) => new()
    {
        Username = registry.UserName, Password = secret.Password, IdentityToken = secret.Token, ServerAddress = RegistryAddress.ForClients(registry.Address),
    };

    /// <summary>False for a header that is not there or holds nobody's credentials, as the docker command sends one where it has none.</summary>
    public static bool HasSome(string header)
    {
        if (header.Length == 0)
        {
            return false;
        }

        var text = Encoding.ASCII.GetBytes(header.Trim().TrimEnd('=').Replace('+', '-').Replace('/', '_'));
        var json = new byte[text.Length];
        if (!Base64Url.IsValid(text) || !Base64Url.TryDecodeFromUtf8(text, json, out var length))
        {
            // The engine says what is wrong with it.
            return true;
        }

        try
        {
            using var document = JsonDocument.Parse(json.AsMemory(0, length));
            return document.RootElement.ValueKind switch
            {
                JsonValueKind.Null => false,
                JsonValueKind.Object => document.RootElement.EnumerateObject().Any(member => member.Value.ValueKind switch
                {
                    JsonValueKind.String => !member.NameEquals("serveraddress") && member.Value.GetString()!.Length > 0,
                    JsonValueKind.Null => false,
                    _ => true,
                }),
                _ => true,
            };
        }
        catch (JsonException)
        {
            return true;
        }
    }

    /// <summary>Without the value: a record's own text form would show it.</summary>
    public override string ToString() => $"RegistryHeader {{ {Header} }}";

    private static string Encode(byte[] json)
    {
        // With padding, and of the alphabet for addresses: all of Docker's readers take that.
        var text = Base64Url.EncodeToString(json);
        return text.PadRight((text.Length + 3) / 4 * 4, '=');
    }
}
