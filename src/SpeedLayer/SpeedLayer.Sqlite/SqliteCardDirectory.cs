using System.Collections.Concurrent;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite.Raw;

namespace Lambda.SpeedLayer.Sqlite;

/// <summary>Whose a card is, in one SQLite file. What was found is remembered: nobody else writes the file.</summary>
public sealed class SqliteCardDirectory : ICardDirectory
{
    private static readonly SchemaFile Schema = new("card directory", 0x4c6d4361, 4_096,
        "Restore it from a copy: the log does not say any more whose all cards are.", """
        CREATE TABLE cards(token TEXT PRIMARY KEY, customer BLOB NOT NULL, active INTEGER NOT NULL, occurred_at INTEGER NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX cards_by_customer ON cards(customer);
        CREATE TABLE links(newer TEXT PRIMARY KEY, older TEXT NOT NULL) WITHOUT ROWID;
        CREATE INDEX links_by_older ON links(older);
        """);

    private const int WalPagesMax = 1_024; // 4 MB
    private const int WalWaitMs = 1_000;
    private const int Remembered = 200_000;

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, CardEntry> _known = new();
    private readonly Database _database;
    private bool _isLinked; // then what is remembered of a token may have been found by another
    private readonly Statement _find, _older, _put, _link, _tokensOf, _linked, _forget, _forgetLinks;

    /// <exception cref="StorageException">No card directory, damaged, or of a newer format.</exception>
    public SqliteCardDirectory(string path)
    {
        _database = Schema.Open(path, "PRAGMA secure_delete=ON;");
        _find = _database.Prepare("SELECT customer, active, occurred_at, partition, offset FROM cards WHERE token = ?");
        _older = _database.Prepare("SELECT older FROM links WHERE newer = ?");
        _put = _database.Prepare("""
            INSERT INTO cards(token, customer, active, occurred_at, partition, offset) VALUES (?1,?2,?3,?4,?5,?6)
            ON CONFLICT(token) DO UPDATE SET customer = excluded.customer, active = excluded.active, occurred_at = excluded.occurred_at, partition = excluded.partition, offset = excluded.offset
            WHERE (excluded.occurred_at, excluded.partition, excluded.offset) >= (occurred_at, partition, offset)
            """);
        _link = _database.Prepare("INSERT OR REPLACE INTO links(newer, older) VALUES (?1,?2)");
        _isLinked = _database.Scalar("SELECT EXISTS (SELECT 1 FROM links)") != 0;
        const string grown = " UNION SELECT CASE WHEN l.older = g.token THEN l.newer ELSE l.older END FROM g JOIN links l ON l.older = g.token OR l.newer = g.token) SELECT token FROM g";
        _tokensOf = _database.Prepare($"WITH RECURSIVE g(token) AS (SELECT token FROM cards WHERE customer = ? AND offset < ?{grown}");
        _linked = _database.Prepare($"WITH RECURSIVE g(token) AS (SELECT ?{grown}");
        _forget = _database.Prepare("DELETE FROM cards WHERE customer = ? AND offset < ?");
        // A card that no event named has nobody to forget it for: a link that leads nowhere goes with the first who is forgotten.
        _forgetLinks = _database.Prepare("""
            DELETE FROM links WHERE newer NOT IN (
                WITH RECURSIVE reach(token) AS (SELECT token FROM cards UNION SELECT links.newer FROM links JOIN reach ON links.older = reach.token) SELECT token FROM reach)
            """);
    }

    public CardEntry? Find(string token)
    {
        if (_known.TryGetValue(token, out var known)) return known;
        lock (_lock)
        {
            for (string? at = token; at is not null; at = Guarded(() => Older(at)))
            {
                if (Guarded(() => Read(at)) is not { } found) continue;
                return Remember(token, found);
            }
        }
        return null;
    }

    public void Link(string older, string newer) => Write(() =>
    {
        _isLinked = true;
        _link.Bind(1, newer).Bind(2, older).Run();
    });

    public void Put(IReadOnlyList<CardEntry> entries)
    {
        lock (_lock)
        {
            var newest = new List<CardEntry>(entries.Count);
            Written(() =>
            {
                foreach (var it in entries)
                {
                    _put.Bind(1, it.Token).Bind(2, it.Customer.Utf8).Bind(3, it.IsActive ? 1 : 0).Bind(4, it.OccurredAtMicros).Bind(5, it.Partition).Bind(6, it.Offset).Run();
                    if (_database.Changed > 0) newest.Add(it);
                }
            });
            if (_isLinked) _known.Clear();
            foreach (var it in newest) Remember(it.Token, it); // who is told of a card asks for it soon
        }
    }

    public IReadOnlyList<string> TokensOf(CustomerId customer, long belowOffset)
    {
        lock (_lock) return Guarded(() => Texts(_tokensOf.Bind(1, customer.Utf8).Bind(2, belowOffset)));
    }

    public IReadOnlyList<string> Linked(string token)
    {
        lock (_lock) return Guarded(() => Texts(_linked.Bind(1, token)));
    }

    private static List<string> Texts(Statement rows)
    {
        var texts = new List<string>();
        while (rows.Step()) texts.Add(rows.Text(0)!);
        return texts;
    }

    public long Forget(CustomerId customer, long belowOffset)
    {
        var forgotten = 0L;
        Write(() =>
        {
            _forget.Bind(1, customer.Utf8).Bind(2, belowOffset).Run();
            forgotten = _database.Scalar("SELECT changes()");
            _forgetLinks.Run();
            forgotten += _database.Scalar("SELECT changes()");
        });
        lock (_lock) _database.EmptyWal(WalWaitMs); // it would keep what was there
        return forgotten;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var statement in (Statement[])[_find, _older, _put, _link, _tokensOf, _linked, _forget, _forgetLinks]) statement.Dispose();
            _database.Dispose();
        }
    }

    private void Write(Action work)
    {
        lock (_lock)
        {
            Written(work);
            _known.Clear();
        }
    }

    private void Written(Action work)
    {
        Guarded(() =>
        {
            _database.Transaction(work);
            return true;
        });
        _database.CheckpointWal(WalPagesMax);
    }

    private CardEntry Remember(string token, CardEntry entry)
    {
        if (_known.Count >= Remembered) _known.Clear();
        return _known[token] = entry;
    }

    private CardEntry? Read(string token)
    {
        if (!_find.Bind(1, token).Step()) return null;
        var entry = new CardEntry(token, new CustomerId(_find.Blob(0)), _find.Long(1) != 0, _find.Long(2), (int)_find.Long(3), _find.Long(4));
        _find.Reset();
        return entry;
    }

    private string? Older(string token)
    {
        if (!_older.Bind(1, token).Step()) return null;
        var older = _older.Text(0);
        _older.Reset();
        return older;
    }

    private static T Guarded<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteFault fault)
        {
            throw new StorageException(fault.File, $"the card directory cannot be used: {fault.Cause}", fault);
        }
    }
}
