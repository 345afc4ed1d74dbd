using System.Text.RegularExpressions;
using Lambda.Domain.Expressions;

namespace Lambda.Domain.Definitions;

/// <summary>All names of a view: metrics with their windows, derived values, segments. Each means one thing, since the API shows them flat.</summary>
internal sealed partial class NameTable(ErrorList errors)
{
    private readonly Dictionary<string, (string What, SourcePlace Place)> _names = [];

    /// <summary>Reserves the name; reports if it is no name or taken.</summary>
    public bool Add(string name, string what, SourcePlace place)
    {
        if (!NamePattern().IsMatch(name))
        {
            errors.Add(place, $"`{name}` is no name: expected lower-case letters, digits and _, beginning with a letter, at most 64");
            return false;
        }
        if (Parser.IsKeyword(name) || name == "customer_id")
        {
            errors.Add(place, $"`{name}` has a meaning of its own: choose another name");
            return false;
        }
        if (_names.TryGetValue(name, out var taken))
        {
            errors.Add(place, taken.What == what ? $"{what} `{name}` is defined twice; the first is in line {taken.Place.Line}" : $"`{name}` ({what}) has the name of the {taken.What} in line {taken.Place.Line}");
            return false;
        }
        _names[name] = (what, place);
        return true;
    }

    public bool Has(string name) => _names.ContainsKey(name);

    [GeneratedRegex("^[a-z][a-z0-9_]{0,63}$")]
    private static partial Regex NamePattern();
}
