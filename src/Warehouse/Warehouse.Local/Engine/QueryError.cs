using System.Text;
using System.Text.RegularExpressions;

namespace Lambda.Warehouse.Local.Engine;

/// <summary>An error of ClickHouse's kind: its numeric code and its text, as a server would send it (without the version).</summary>
internal sealed partial class QueryError : Exception
{
    internal const int UnknownException = 1002;

    private QueryError(int code, string message) : base(message) => Code = code;

    internal int Code { get; }

    /// <summary>One of our own: <paramref name="name"/> is ClickHouse's name of the code.</summary>
    internal static QueryError Of(int code, string name, string text) => new(code, $"Code: {code}. DB::Exception: {text} ({name})");

    /// <summary>Reads libchdb's text. It repeats the head when an exception was wrapped and adds the version only sometimes.</summary>
    internal static QueryError Parse(string text)
    {
        text = Version().Replace(text, "").TrimEnd();
        var match = Head().Match(text);
        if (!match.Success)
            return new QueryError(UnknownException, $"Code: {UnknownException}. DB::Exception: {text} (UNKNOWN_EXCEPTION)");
        var code = int.Parse(match.Groups[1].Value);
        return new QueryError(code, Unwrap(text, match.Value));
    }

    /// <summary>The body of the answer.</summary>
    internal byte[] Body(string version) => Encoding.UTF8.GetBytes($"{Message} (version {version} (official build))\n");

    private static string Unwrap(string text, string head)
    {
        while (text.AsSpan(head.Length).StartsWith(head))
        {
            text = text[head.Length..];
            var name = LastName().Match(text);
            if (name.Success && text.EndsWith($"{name.Value}. {name.Value}", StringComparison.Ordinal))
                text = text[..^(name.Value.Length + 2)];
        }
        return text;
    }

    [GeneratedRegex(@"^(?:Error: )?Code: (\d+)\. DB::Exception: ")]
    private static partial Regex Head();

    [GeneratedRegex(@" \(version [0-9.]+(?: \([a-z ]*\))?\)")]
    private static partial Regex Version();

    [GeneratedRegex(@"\([A-Z0-9_]{3,}\)$")]
    private static partial Regex LastName();
}
