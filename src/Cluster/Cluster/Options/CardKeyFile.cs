using Lambda.Domain.Cards;

namespace Lambda.Cluster.Options;

/// <summary>The keys of card tokens as the installation's file has them now: a file that was changed is read again within a second, one that is wrong leaves the keys as they were.</summary>
internal sealed class CardKeyFile
{
    private const string Setting = "card_keys", FromEnvironment = "env:";
    private const long LookEveryMs = 1_000;

    private readonly string? _file;
    private readonly Action<string, Exception> _onError;
    private volatile CardKeys? _keys;
    private DateTime _readOf;
    private long _lookedAtMs;

    /// <param name="setting">A file, or env:NAME; null: <paramref name="own"/>.</param>
    /// <param name="own">Made when it is missing and nothing was made with keys yet; null: without a setting there are no keys.</param>
    /// <param name="wereKeys">Tokens may be kept: with another key their cards would be unknown, and nobody would be told why.</param>
    /// <exception cref="OptionsException">It cannot be read, holds no keys, or is gone.</exception>
    public CardKeyFile(string? setting, string? own, Func<string, string?> environment, Action<string, Exception> onError, bool wereKeys = false)
    {
        _onError = onError;
        if (setting?.StartsWith(FromEnvironment, StringComparison.Ordinal) == true)
        {
            var name = setting[FromEnvironment.Length..];
            _keys = Parse(setting, (environment(name) ?? throw new OptionsException($"{Setting}: the environment has no {name}")).Replace(',', '\n'));
            return;
        }
        _file = setting ?? own;
        if (_file is null) return;
        if (setting is null && !File.Exists(_file))
        {
            if (wereKeys) throw new OptionsException($"{Setting}: {_file} is gone: put it back. Without it every card is unknown until it is seen with its number; if that must be, `./lambda keys rotate --data {Path.GetDirectoryName(_file)}` makes a new key");
            Write(_file, CardKeys.New());
        }
        Read();
    }

    /// <summary>Null: there are none.</summary>
    public CardKeys? Current
    {
        get
        {
            var now = Environment.TickCount64;
            var looked = Interlocked.Read(ref _lookedAtMs);
            if (_file is not null && now - looked >= LookEveryMs && Interlocked.CompareExchange(ref _lookedAtMs, now, looked) == looked) Look();
            return _keys;
        }
    }

    /// <summary>For commands: what a file holds.</summary>
    /// <exception cref="OptionsException">It cannot be read, or holds no keys.</exception>
    public static CardKeys ReadFile(string file)
    {
        try
        {
            return Parse(file, File.ReadAllText(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OptionsException($"{Setting}: {file} cannot be read: {e.Message}");
        }
    }

    /// <summary>Whole or not at all, readable by its owner only.</summary>
    public static void Write(string file, CardKeys keys)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var made = $"{file}.new";
        File.Delete(made);
        using (var to = new FileStream(made, options))
        {
            to.Write(System.Text.Encoding.ASCII.GetBytes(keys.ToString()));
            to.Flush(flushToDisk: true);
        }
        File.Move(made, file, overwrite: true);
    }

    private void Look()
    {
        try
        {
            if (File.GetLastWriteTimeUtc(_file!) != _readOf) Read();
        }
        catch (Exception e) when (e is OptionsException or IOException or UnauthorizedAccessException)
        {
            _onError(Setting, e);
        }
    }

    private void Read()
    {
        var of = File.GetLastWriteTimeUtc(_file!);
        _keys = ReadFile(_file!);
        _readOf = of;
    }

    private static CardKeys Parse(string where, string text)
    {
        try
        {
            return CardKeys.Parse(text);
        }
        catch (FormatException e)
        {
            throw new OptionsException($"{Setting}: {where}: {e.Message}");
        }
    }
}
