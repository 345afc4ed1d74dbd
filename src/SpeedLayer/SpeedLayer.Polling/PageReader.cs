using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Lambda.SpeedLayer.Sources;

namespace Lambda.SpeedLayer.Polling;

/// <summary>Where pages are, and what is in them.</summary>
internal sealed partial class PageReader(PolledSource source)
{
    /// <summary>The address of the walk's next page.</summary>
    /// <exception cref="SourceRefusedException">It lies with another host, which must not see our headers.</exception>
    public Uri AddressOf(Walk walk)
    {
        if (source.Paging is Paging.NextLink && walk.Page is { } next) return OfSameHost(new Uri(next));
        var query = new List<(string Name, string Value)>();
        if (source.Since is { } since && walk.Asked is { } asked) query.Add((since.Parameter, asked));
        if (source.Paging is Paging.Number number) query.Add((number.Parameter, walk.Page ?? number.First.ToString(CultureInfo.InvariantCulture)));
        if (source.Paging is Paging.Cursor cursor && walk.Page is { } page) query.Add((cursor.Parameter, page));
        if (query.Count == 0) return source.Url;
        var more = string.Join('&', query.Select(q => $"{Uri.EscapeDataString(q.Name)}={Uri.EscapeDataString(q.Value)}"));
        return new UriBuilder(source.Url) { Query = source.Url.Query.Length > 1 ? $"{source.Url.Query}&{more}" : more }.Uri;
    }

    /// <exception cref="SourceRefusedException">There is no array where it is expected.</exception>
    public IReadOnlyList<JsonElement> Items(FetchedPage page)
    {
        if (page.Json is null) return [];
        var items = source.Items.Length == 0 ? page.Json.RootElement : page.Json.RootElement.At(source.Items);
        if (items.ValueKind == JsonValueKind.Array) return [.. items.EnumerateArray()];
        throw new SourceRefusedException(source.Items.Length == 0 ? "the answer is no array: expected one, or `items` to say where it is" : $"the answer has no array at {source.Items}");
    }

    /// <summary>What the walk's next page is called; null: this was the last.</summary>
    public string? Next(Walk walk, FetchedPage page, int items, Uri at)
    {
        var answer = page.Json?.RootElement ?? default;
        switch (source.Paging)
        {
            case Paging.NextLink { Path: { } path }: return Text(answer, path) is { } link ? Linked(at, link) : null;
            case Paging.NextLink: return NextOf(page.Link) is { } header ? Linked(at, header) : null;
            case Paging.Cursor cursor: return Text(answer, cursor.Path);
            case Paging.Number number:
                var read = walk.Page is null ? number.First : int.Parse(walk.Page, CultureInfo.InvariantCulture);
                var ended = number.Last is null ? items == 0
                    : int.TryParse(Text(answer, number.Last), NumberStyles.None, CultureInfo.InvariantCulture, out var last) ? read >= last
                    : throw new SourceRefusedException($"the answer has no page number at {number.Last}");
                return ended ? null : (read + 1).ToString(CultureInfo.InvariantCulture);
            default: return null;
        }
    }

    /// <summary>The newest change of a page; null when it tells none.</summary>
    public string? High(FetchedPage page, IReadOnlyList<JsonElement> items) => source.Since switch
    {
        null => null,
        { OfItems: true } since => items.Select(i => SinceOrder.Read(since.Type, i.At(since.Path))).Aggregate((string?)null, (a, b) => SinceOrder.Later(since.Type, a, b)),
        var since => page.Json is { } json ? SinceOrder.Read(since.Type, json.RootElement.At(since.Path)) : null,
    };

    private string Linked(Uri at, string link) => Uri.TryCreate(at, link, out var next)
        ? OfSameHost(next).AbsoluteUri
        : throw new SourceRefusedException("the link to the next page is no address");

    private Uri OfSameHost(Uri next) =>
        next.Scheme == source.Url.Scheme && next.Host == source.Url.Host && next.Port == source.Url.Port && next.UserInfo.Length == 0
            ? next
            : throw new SourceRefusedException($"the next page is said to be at {next.Scheme}://{next.Host}:{next.Port}: only {source.Url.Scheme}://{source.Url.Authority} is asked, because headers hold secrets");

    private static string? Text(JsonElement answer, string path)
    {
        var value = answer.At(path);
        if (value.TextOrNumber() is { } text) return text.Length > 0 ? text : null;
        return value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.False
            ? null
            : throw new SourceRefusedException($"the answer has no readable text or number at {path}");
    }

    private static string? NextOf(string? link) => link is null ? null : NextRelation().Match(link) is { Success: true } match ? match.Groups[1].Value : null;

    [GeneratedRegex("<([^>]*)>[^,<]*;\\s*rel=\"?(?:[^\",;]* )?next\\b", RegexOptions.IgnoreCase)]
    private static partial Regex NextRelation();
}
