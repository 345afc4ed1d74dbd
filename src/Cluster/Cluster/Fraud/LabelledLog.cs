using System.Text;
using Lambda.BatchLayer.Fraud;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.SpeedLayer.Import;

namespace Lambda.Cluster.Fraud;

/// <summary>A labelled file, through the mapping that imports it: its transactions by time, each with the verdict of the fraud_label events that name it.</summary>
internal static class LabelledLog
{
    private const int RowsPerChunk = 20_000;

    /// <summary>A file is history: none of it is too far ahead.</summary>
    private const long AnyTime = long.MaxValue - EventParser.MaxAheadMicros;

    /// <exception cref="InvalidDataException">A row is no event: a backtest on part of a file would pass for one on the whole.</exception>
    public static IReadOnlyList<LabelledTransaction> Read(SourceFile file, ImportMap map)
    {
        var reader = new Reader(file.Name);
        foreach (var chunk in ImportReader.Read(file, map, 0, RowsPerChunk)) reader.Take(chunk);
        return reader.Log();
    }

    private sealed class Reader(string file)
    {
        private readonly EventParser _parser = new();
        private readonly EventRow _row = new();
        private readonly List<(string Id, string Customer, FraudTransaction Transaction)> _transactions = [];
        private readonly Dictionary<string, string> _names = []; // a customer's name once, not once a row
        private readonly HashSet<string> _frauds = [];

        public void Take(ImportChunk chunk)
        {
            if (chunk.BadRows is [var bad, ..]) throw new InvalidDataException($"{file}:{bad.Line}: {bad.Reason}");
            foreach (var body in chunk.Bodies)
            {
                var line = chunk.FirstLine;
                foreach (var range in body.Lines.Span.Split((byte)'\n'))
                {
                    if (!body.Lines.Span[range].IsEmpty) TakeEvent(body.Lines.Span[range], line);
                    line++;
                }
            }
        }

        public IReadOnlyList<LabelledTransaction> Log()
        {
            if (_transactions.Count == 0) throw new InvalidDataException($"{file}: has no transaction");
            return [.. _transactions.OrderBy(t => t.Transaction.Seconds).Select(t => new LabelledTransaction(t.Id, t.Customer, t.Transaction, _frauds.Contains(t.Id)))];
        }

        private void TakeEvent(ReadOnlySpan<byte> json, long line)
        {
            if (!_parser.TryParse(json, AnyTime, out var record, out var why)) throw new InvalidDataException($"{file}:{line}: {why.Field}: {why.Detail}");
            RecordCodec.Read(record.ToArray(), _row);
            if (_row.Type == EventCatalog.FraudLabel)
            {
                var id = Encoding.UTF8.GetString(_row.Text(EventCatalog.TransactionId.Ordinal));
                if (_row.Number(EventCatalog.IsFraud.Ordinal) != 0) _frauds.Add(id);
                else _frauds.Remove(id);
            }
            else if (_row.Type == EventCatalog.Transaction) _transactions.Add((Encoding.UTF8.GetString(_row.EventId), NameOf(_row.CustomerId), FraudTransaction.Of(_row)));
        }

        private string NameOf(ReadOnlySpan<byte> utf8)
        {
            var name = Encoding.UTF8.GetString(utf8);
            return _names.TryGetValue(name, out var known) ? known : _names[name] = name;
        }
    }
}
