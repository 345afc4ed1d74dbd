using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Lambda.Serving.Http;

/// <summary>Typed query parameters. A name that is not expected is refused: a typo would silently give another answer than was asked for.</summary>
internal readonly struct Query
{
    private readonly IQueryCollection? _values;

    public Query(HttpContext context, params ReadOnlySpan<string> expected)
    {
        if (!context.Request.QueryString.HasValue) return;
        _values = context.Request.Query;
        foreach (var name in _values.Keys)
            if (!expected.Contains(name))
                throw new ProblemException(Problem.BadParameter(name, _values[name], expected.IsEmpty ? "no query parameters" : $"one of {string.Join(", ", expected!)}"));
    }

    public StringValues All(string name) => _values is null ? default : _values[name];

    public string? Text(string name)
    {
        var values = All(name);
        if (values.Count > 1) throw new ProblemException(Problem.BadParameter(name, values, "one value"));
        return values.Count == 0 ? null : values[0];
    }

    /// <param name="expected">What the value should have been, for the error.</param>
    public T Parse<T>(string name, T missing, string expected, TryParse<T> parse)
    {
        var text = Text(name);
        if (text is null) return missing;
        return parse(text, out var value) ? value : throw new ProblemException(Problem.BadParameter(name, text, expected));
    }

    public int Int(string name, int missing, int min, int max) => (int)Long(name, missing, min, max);

    public long Long(string name, long missing, long min, long max) =>
        Parse(name, missing, $"a whole number {min}..{max}", (string text, out long value) =>
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= min && value <= max);

    public bool Flag(string name) => Parse(name, false, "true or false", bool.TryParse);

    public delegate bool TryParse<T>(string text, out T value);
}
