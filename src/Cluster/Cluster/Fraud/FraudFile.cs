using System.Globalization;
using Lambda.BatchLayer.Models.Fraud;
using Lambda.Cluster.Cli;
using Lambda.Domain.Bytes;
using Lambda.Domain.Cards;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.SpeedLayer.Import;

namespace Lambda.Cluster.Fraud;

/// <summary>Labelled transactions out of a delimited file: through the same mapping and the same validation as an import.</summary>
internal static class FraudFile
{
    private const int RowsPerChunk = 5_000;
    private const string EventId = "event_id";

    /// <exception cref="CommandException">A row that is no event, or no transactions at all.</exception>
    /// <param name="onTransaction">Told of each, with its record.</param>
    public static LabelledHistory Read(SourceFile file, ImportMap map, CancellationToken cancel, Action<EventRow, byte[]>? onTransaction = null)
    {
        var (parser, row) = (new EventParser { Cards = new ThrowawayTokens() }, new EventRow());
        var (transactions, frauds) = (new List<(FraudTransaction Transaction, string Id)>(), new HashSet<ulong>());
        foreach (var chunk in ImportReader.Read(file, map, 0, RowsPerChunk))
        {
            cancel.ThrowIfCancellationRequested();
            if (chunk.BadRows is [var bad, ..]) throw Wrong(file, bad.Line, $"{bad.Column} {bad.Reason}");
            foreach (var body in chunk.Bodies)
            {
                var line = chunk.FirstLine;
                foreach (var range in body.Lines.Span.Split((byte)'\n'))
                {
                    var json = body.Lines.Span[range];
                    if (!json.IsEmpty) Take(json, line);
                    line++;
                }
            }
        }
        if (transactions.Count == 0) throw new CommandException(ExitCode.Usage, $"{file.Name}: the mapping makes no transactions of it");
        return new LabelledHistory(transactions.Select(t => (t.Transaction, t.Id, frauds.Contains(t.Transaction.Id))));

        void Take(ReadOnlySpan<byte> json, long line)
        {
            if (!parser.TryParse(json, long.MaxValue - EventParser.MaxAheadMicros, out var record, out var why)) throw Wrong(file, line, $"{why.Field}: {why.Reason}: {why.Detail}");
            var bytes = record.ToArray();
            RecordCodec.Read(bytes, row);
            if (row.Type == EventCatalog.Transaction) onTransaction?.Invoke(row, bytes);
            if (row.Type == EventCatalog.Transaction) transactions.Add((FraudEvents.TransactionOf(row), System.Text.Encoding.UTF8.GetString(row.EventId)));
            else if (row.Type == EventCatalog.FraudLabel && row.Number(EventCatalog.IsFraud.Ordinal) != 0) frauds.Add(FraudEvents.NameOf(row.Text(EventCatalog.TransactionId.Ordinal)));
        }
    }

    /// <summary>Tokens that are the same for the same card while the file is read, under a key that nobody keeps.</summary>
    private sealed class ThrowawayTokens : ICardTokens
    {
        private readonly CardTokenizer _tokenizer = new(CardKeys.New());

        public IReadOnlyList<string> TokensOf(ReadOnlySpan<byte> number)
        {
            Span<byte> digits = stackalloc byte[CardNumber.DigitsMax];
            return CardNumber.TryNormalise(number, digits, out var length) ? _tokenizer.All(digits[..length]) : throw new FormatException("expected 13..19 digits with a right check digit");
        }
    }

    /// <summary>
    /// Others' scores: a file with the columns of which the mapping makes a transaction's event id, and a column of numbers for each peer.
    /// </summary>
    /// <returns>By event id, a score for each of the names.</returns>
    public static (IReadOnlyList<string> Names, Dictionary<string, double[]> Scores) Peers(SourceFile file, ImportMap map)
    {
        using var text = file.Open(map.File.Encoding, out _);
        using var rows = RowReader.Read(text, map.File with { SkipLines = 0, Header = true }).GetEnumerator();
        if (!rows.MoveNext()) throw new CommandException(ExitCode.Usage, $"{file.Name}: is empty");
        string[] columns = [.. rows.Current.Fields.Select(f => f.Trim())];
        var id = map.Events.SelectMany(e => e.Fields).First(f => f.Name == EventId).Source;
        foreach (var column in id.Columns)
            if (!columns.Contains(column)) throw new CommandException(ExitCode.Usage, $"{file.Name}: has no column `{column}`, of which the mapping makes event ids; its columns are {string.Join(", ", columns)}");
        var (context, scores) = (new RowContext(file.Name, file.Hash, columns), new Dictionary<string, double[]>());
        int[]? numbers = null;
        while (rows.MoveNext())
        {
            context.Set(rows.Current);
            var fields = rows.Current.Fields;
            numbers ??= [.. Enumerable.Range(0, columns.Length).Where(c => !id.Columns.Contains(columns[c]) && TryNumber(fields[c], out _))];
            scores[id.Fill(context)] = [.. numbers.Select(c => TryNumber(fields[c], out var score) ? score : throw Wrong(file, rows.Current.Line, $"{columns[c]}: `{fields[c]}`, expected a number"))];
        }
        if (numbers is not { Length: > 0 }) throw new CommandException(ExitCode.Usage, $"{file.Name}: has no scores");
        return ([.. numbers.Select(c => columns[c])], scores);
    }

    private static bool TryNumber(string text, out double number) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);

    private static CommandException Wrong(SourceFile file, long line, string what) => new(ExitCode.Usage, $"{file.Name}:{line}: {what}");
}
