using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Threading.RateLimiting;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Serving.Security;

/// <summary>
/// All keys in memory, read anew when the store's version changes, so that a request costs a look-up and one SHA-256 and a revocation counts on every node within a second.
/// When the store cannot be read for <see cref="Limits.KeysStaleMax"/> nobody is let in: a key may have been revoked meanwhile.
/// </summary>
public sealed class KeyRing : IDisposable
{
    private static readonly byte[] Nobody = new byte[SHA256.HashSizeInBytes]; // compared with when no key has the id

    private readonly IApiKeys _keys;
    private readonly TimeProvider _time;
    private readonly int _requestsPerSecond;
    private readonly Action<string, Exception> _onError;
    private readonly ConcurrentDictionary<(string Id, int Rate), TokenBucketRateLimiter> _buckets = [];
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread? _refreshing;
    private volatile Snapshot _now;

    /// <param name="requestsPerSecond">Rate limit of keys that have none of their own; 0 is none.</param>
    /// <param name="refreshes">False: only <see cref="Refresh"/> reads the store again.</param>
    /// <exception cref="StorageException">The store cannot be read.</exception>
    public KeyRing(IApiKeys keys, TimeProvider time, int requestsPerSecond, Action<string, Exception> onError, bool refreshes = true)
    {
        (_keys, _time, _requestsPerSecond, _onError) = (keys, time, requestsPerSecond, onError);
        _now = Read(keys.Version());
        if (!refreshes) return;
        _refreshing = new Thread(RefreshAgainAndAgain) { Name = "lambda-keys", IsBackground = true };
        _refreshing.Start();
    }

    /// <summary>The store, for changes. Call <see cref="Refresh"/> after one.</summary>
    public IApiKeys Keys => _keys;

    public int Count => _now.ById.Count;

    /// <summary>This node made a change: it counts here at once. Should the store fail just now, the next look finds it.</summary>
    public void Changed()
    {
        try
        {
            Refresh();
        }
        catch (StorageException e)
        {
            _onError("API keys", e);
        }
    }

    /// <exception cref="StorageException">The store cannot be read; what was known stays until it is too old.</exception>
    public void Refresh()
    {
        var version = _keys.Version();
        var now = _now;
        _now = version == now.Version ? now with { ReadAt = _time.GetTimestamp() } : Read(version);
    }

    /// <param name="authorization">Value of the header.</param>
    public KeyCheck Check(string? authorization)
    {
        var now = _now;
        if (_time.GetElapsedTime(now.ReadAt) > Limits.KeysStaleMax) return new KeyCheck(KeyState.Unavailable);
        const string scheme = "Bearer ";
        if (authorization is null || !authorization.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)) return new KeyCheck(KeyState.Unknown);
        var text = authorization.AsSpan(scheme.Length);
        if (!ApiKeyText.TryId(text, out var id)) return new KeyCheck(KeyState.Unknown);

        var entry = now.ByIdChars.TryGetValue(id, out var known) ? known : null;
        if (entry is null || !IsVerified(text, entry.Verified))
        {
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            ApiKeyText.Hash(text, hash);
            // In the same time whether the id is known or not, and wherever the hashes first differ.
            if (!CryptographicOperations.FixedTimeEquals(hash, entry is null ? Nobody : entry.Key.Hash.Span) || entry is null) return new KeyCheck(KeyState.Unknown);
            entry.Verified = authorization;
        }
        var key = entry.Key;
        if (key.RevokedAtMs is not null) return new KeyCheck(KeyState.Revoked, entry.Caller);
        if (key.ExpiresAtMs is { } end && end <= _time.GetUtcNow().ToUnixTimeMilliseconds()) return new KeyCheck(KeyState.Expired, entry.Caller);
        return new KeyCheck(KeyState.Good, entry.Caller);
    }

    /// <summary>The header that was hashed last and found good is compared as it is, in constant time too: a tenth of a hash. It lives in memory as long as this reading of the keys.</summary>
    private static bool IsVerified(ReadOnlySpan<char> text, string? verified) =>
        verified is not null && CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(text), MemoryMarshal.AsBytes(verified.AsSpan(verified.Length - ApiKeyText.Length)));

    /// <summary>Takes one request from the key's allowance.</summary>
    /// <returns>Null when it may go on; else when to try again.</returns>
    public TimeSpan? Throttle(Caller caller)
    {
        var rate = _now.ById.TryGetValue(caller.KeyId, out var entry) ? entry.Key.RequestsPerSecond ?? _requestsPerSecond : _requestsPerSecond;
        if (rate == 0) return null;
        var bucket = _buckets.GetOrAdd((caller.KeyId, rate), static at => NewBucket(at.Rate));
        using var first = bucket.AttemptAcquire();
        if (first.IsAcquired) return null;
        bucket.TryReplenish(); // by the time that has passed: a timer for each key would fire for those that are idle, too
        using var second = bucket.AttemptAcquire();
        if (second.IsAcquired) return null;
        return second.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(1);
    }

    public void Dispose()
    {
        _stop.Set();
        _refreshing?.Join();
        foreach (var bucket in _buckets.Values) bucket.Dispose();
        _stop.Dispose();
    }

    /// <summary>Holds what one second allows, and fills evenly.</summary>
    private static TokenBucketRateLimiter NewBucket(int rate)
    {
        var tokens = (rate + 19) / 20;
        return new TokenBucketRateLimiter(new TokenBucketRateLimiterOptions
        {
            TokenLimit = rate, TokensPerPeriod = tokens, ReplenishmentPeriod = TimeSpan.FromSeconds((double)tokens / rate), AutoReplenishment = false, QueueLimit = 0,
        });
    }

    private Snapshot Read(long version)
    {
        var readAt = _time.GetTimestamp(); // before the read: what changes meanwhile is seen at the next
        return new Snapshot(version, readAt, _keys.List().ToFrozenDictionary(k => k.Id, k => new Entry(k, new Caller(k.Name, k.Roles, k.SeesPersonalData) { KeyId = k.Id })));
    }

    private void RefreshAgainAndAgain()
    {
        for (var told = ""; !_stop.Wait(Limits.KeysRefresh);)
        {
            try
            {
                Refresh();
                told = "";
            }
            catch (Exception e) // this thread must not end: without it nobody would be let in soon
            {
                if (told != e.Message) _onError("API keys", e);
                told = e.Message;
            }
        }
    }

    private sealed record Entry(ApiKey Key, Caller Caller)
    {
        public volatile string? Verified;
    }

    private sealed record Snapshot(long Version, long ReadAt, FrozenDictionary<string, Entry> ById)
    {
        public FrozenDictionary<string, Entry>.AlternateLookup<ReadOnlySpan<char>> ByIdChars { get; } = ById.GetAlternateLookup<ReadOnlySpan<char>>();
    }
}

/// <summary>Unknown also stands for no key at all, and for what is none.</summary>
public enum KeyState { Good, Unknown, Revoked, Expired, Unavailable }

/// <param name="Caller">Whose key it is, also when it is no good any more; null when it is nobody's.</param>
public readonly record struct KeyCheck(KeyState State, Caller? Caller = null);
