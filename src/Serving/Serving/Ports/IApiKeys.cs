using Lambda.Serving.Security;

namespace Lambda.Serving.Ports;

/// <summary>The installation's API keys. Few; every write is durable when it returns. Used by several processes at once: nodes, and the command line.</summary>
public interface IApiKeys
{
    /// <summary>Another value after every change, whoever made it. Cheap: asked several times a second.</summary>
    /// <exception cref="SpeedLayer.Ports.StorageException">Cannot be read now.</exception>
    long Version();

    /// <summary>All of them, revoked and expired ones too, in the order of their making.</summary>
    IReadOnlyList<ApiKey> List();

    /// <returns>False when a key has this id.</returns>
    bool TryAdd(ApiKey key);

    /// <summary>Adds it if there is none at all, revoked ones counted: of several nodes that start at once, one makes the first key.</summary>
    bool TryAddFirst(ApiKey key);

    /// <summary>From now on it is refused. What was revoked before keeps its time.</summary>
    /// <returns>Null when no key has this id.</returns>
    ApiKey? Revoke(string id, long atMs);
}

/// <param name="Id">16 hexadecimal digits; stands in the key's text.</param>
/// <param name="Name">Whose it is, for people and the audit log; 1..100 printable characters.</param>
/// <param name="SeesPersonalData">The pii right.</param>
/// <param name="Hash">SHA-256 of the key's text, see <see cref="ApiKeyText"/>.</param>
/// <param name="CreatedBy">Name and id of the key that made it, or who else did.</param>
/// <param name="ExpiresAtMs">Refused from this instant on; null never.</param>
/// <param name="RequestsPerSecond">Its own rate limit on each node; null takes the installation's.</param>
public sealed record ApiKey(
    string Id, string Name, Roles Roles, bool SeesPersonalData, ReadOnlyMemory<byte> Hash, long CreatedAtMs, string CreatedBy,
    long? ExpiresAtMs = null, long? RevokedAtMs = null, int? RequestsPerSecond = null)
{
    public string State(long nowMs) => RevokedAtMs is not null ? "revoked" : ExpiresAtMs <= nowMs ? "expired" : "active";

    /// <summary>A new one and its text, which is not kept anywhere.</summary>
    public static (ApiKey Key, string Text) New(string name, Roles roles, bool seesPersonalData, long nowMs, string createdBy, long? expiresAtMs = null, int? requestsPerSecond = null)
    {
        var (id, text) = ApiKeyText.New();
        return (new ApiKey(id, name, roles, seesPersonalData, ApiKeyText.Hash(text), nowMs, createdBy, expiresAtMs, null, requestsPerSecond), text);
    }

    /// <summary>Names stand in tables, logs and JSON.</summary>
    public static bool IsName(string name) => name.Length is >= 1 and <= 100 && !name.Any(char.IsControl) && name.Trim() == name;
}
