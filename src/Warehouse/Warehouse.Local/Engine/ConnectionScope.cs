using System.Text;

namespace Lambda.Warehouse.Local.Engine;

/// <summary>What a request wants its connection to be set to, for itself alone.</summary>
/// <param name="Database">Current database.</param>
/// <param name="Settings">Settings in the order given, without readonly.</param>
/// <param name="ReadOnly">0: anything; 1: reads only, no settings; 2: reads only, settings may change.</param>
internal sealed record Profile(string Database, IReadOnlyList<KeyValuePair<string, string>> Settings, int ReadOnly)
{
    internal static Profile Plain { get; } = new("default", [], 0);
}

/// <summary>
/// A connection in the hands of one request: set up from the profile, put back afterwards. What cannot be put back (readonly, settings
/// that stand for others, a SET of the user's) makes it dirty, and a dirty connection is closed instead of being used again.
/// </summary>
internal sealed class ConnectionScope
{
    private static readonly HashSet<string> CannotBeUndone = new(StringComparer.Ordinal) { "profile", "compatibility", "readonly" };

    private readonly Profile _profile;
    private readonly bool _isSession;
    private string? _undo;
    private string _databaseBefore = "default";
    private bool _databaseMayHaveChanged;

    internal ConnectionScope(Connection connection, Profile profile, bool isSession) =>
        (Connection, _profile, _isSession) = (connection, profile, isSession);

    internal Connection Connection { get; }

    /// <summary>The connection must not serve another request.</summary>
    internal bool IsDirty { get; private set; }

    internal void MarkDirty() => IsDirty = true;

    /// <summary>The statement changed the session itself (SET, USE, a temporary table); only a session may keep that.</summary>
    internal void MarkChanged() => IsDirty = _databaseMayHaveChanged = true;

    /// <exception cref="QueryError">Unknown setting, bad value, unknown database.</exception>
    internal void Enter()
    {
        _databaseBefore = Connection.Database;
        try
        {
            if (!_isSession || _profile.Database.Length > 0)
                Connection.Use(_profile.Database.Length > 0 ? _profile.Database : "default");
            ApplySettings();
            if (_profile.ReadOnly > 0)
            {
                IsDirty = true;
                Connection.Scalar($"SET readonly = {_profile.ReadOnly}");
            }
        }
        catch (QueryError)
        {
            IsDirty = true; // some of the settings may stand
            throw;
        }
    }

    internal void Leave()
    {
        if (IsDirty && !_isSession)
            return;
        try
        {
            if (IsDirty)
                Connection.Scalar("SELECT 1"); // a session's connection stays: this takes what a failed statement has left
            if (_undo != null)
                Connection.Scalar(_undo);
            if (!_isSession)
                return;
            if (_databaseMayHaveChanged && Connection.ReadDatabase() != _profile.Database)
                return; // the user's own USE stays
            Connection.Use(_databaseBefore);
        }
        catch (QueryError)
        {
            IsDirty = true;
        }
    }

    private void ApplySettings()
    {
        if (_profile.Settings.Count == 0)
            return;
        foreach (var (name, _) in _profile.Settings)
        {
            if (name.Length == 0 || !name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.'))
                throw QueryError.Of(115, "UNKNOWN_SETTING", $"Unknown setting '{name}'.");
            if (CannotBeUndone.Contains(name))
                IsDirty = true;
        }
        _undo = Undo();
        var set = _profile.Settings.Select(static s => $"{s.Key} = {SqlText.String(s.Value)}");
        Connection.Scalar($"SET {string.Join(", ", set)}");
    }

    /// <summary>In a session a setting may have been changed by the user's own SET, and goes back to that value.</summary>
    private string Undo()
    {
        var names = _profile.Settings.Select(static s => s.Key).Distinct().ToArray();
        var before = _isSession ? ChangedValues(names) : [];
        return "SET " + string.Join(", ", names.Select(n => before.TryGetValue(n, out var value)
            ? $"{n} = {SqlText.String(value)}"
            : $"{n} = DEFAULT"));
    }

    private Dictionary<string, string> ChangedValues(string[] names)
    {
        var list = string.Join(", ", names.Select(SqlText.String));
        var sql = $"SELECT toJSONString(map(name, value)) FROM system.settings WHERE changed AND name IN ({list})";
        using var rows = Connection.Query(Encoding.UTF8.GetBytes(sql), "TSVRaw", []);
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in Encoding.UTF8.GetString(rows.Bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            foreach (var (name, value) in System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, string>>(line)!)
                values[name] = value;
        return values;
    }
}
