using System.Globalization;
using Lambda.SpeedLayer.Import;

namespace Lambda.Cluster.Fraud;

/// <summary>Scores of other models: a comma-separated file with the columns transaction_id and test_week (its first day) and one per model.</summary>
internal sealed class PeerScores
{
    private static readonly FileShape Shape = new(',', Quoted: true, SkipLines: 0, Header: true, Comment: null, "utf-8");

    private readonly Dictionary<(string Id, DateOnly Week), float[]> _scores = [];

    private PeerScores(IReadOnlyList<string> models) => Models = models;

    public IReadOnlyList<string> Models { get; }

    /// <param name="id">How a transaction of the log is named there, such as `handbook-{transaction_id}`.</param>
    /// <exception cref="InvalidDataException">Not such a file.</exception>
    public static PeerScores Read(SourceFile file, Template id)
    {
        using var text = file.Open(Shape.Encoding, out _);
        using var rows = RowReader.Read(text, Shape).GetEnumerator();
        if (!rows.MoveNext() || rows.Current.Fields is not ["transaction_id", "test_week", _, ..]) throw new InvalidDataException($"{file.Name}:1: expected the columns transaction_id, test_week and one per model");
        var peers = new PeerScores([.. rows.Current.Fields.Skip(2)]);
        var context = new RowContext(file.Name, file.Hash, [.. rows.Current.Fields]);
        if (id.Columns.FirstOrDefault(c => !context.Has(c)) is { } unknown) throw new InvalidDataException($"{file.Name}: has no column `{unknown}`");
        while (rows.MoveNext())
        {
            try
            {
                context.Set(rows.Current);
                peers._scores[(id.Fill(context), DateOnly.ParseExact(rows.Current.Fields[1], "yyyy-MM-dd", CultureInfo.InvariantCulture))] =
                    [.. rows.Current.Fields.Skip(2).Select(f => float.Parse(f, CultureInfo.InvariantCulture))];
            }
            catch (Exception e) when (e is FormatException or BadRowException)
            {
                throw new InvalidDataException($"{file.Name}:{rows.Current.Line}: {e.Message}");
            }
        }
        return peers;
    }

    /// <exception cref="InvalidDataException">A transaction has no score: what is compared must be the same rows.</exception>
    public double[] Of(int model, DateOnly week, IEnumerable<string> ids) =>
        [.. ids.Select(id => _scores.TryGetValue((id, week), out var s) ? (double)s[model] : throw new InvalidDataException($"no peer's score for {id} in the week of {week:yyyy-MM-dd}"))];
}
