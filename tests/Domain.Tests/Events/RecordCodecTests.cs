using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Xunit;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Xunit;

namespace Lambda.Domain.Tests.Events;

public sealed class RecordCodecTests
{
    [Property(Arbitrary = [typeof(RandomEvents)], MaxTest = 1000)]
    public void Read_WhenWrittenByWriter_GivesTheSameValues(SampleEvent sample)
    {
        var record = sample.Encode(new RecordWriter());
        var row = new EventRow();

        RecordCodec.Read(record, row);

        Assert.Equal(RecordKind.Event, RecordCodec.KindOf(record));
        Assert.Equal(sample.CustomerId, Encoding.UTF8.GetString(RecordCodec.CustomerIdOf(record)));
        Assert.Equal(sample.CustomerId, Encoding.UTF8.GetString(row.CustomerId));
        Assert.Equal(sample.EventId, Encoding.UTF8.GetString(row.EventId));
        Assert.Equal((sample.Type, sample.OccurredAtMicros), (row.Type, row.OccurredAtMicros));
        Assert.Equal(sample.Values.Aggregate(0UL, (mask, v) => mask | 1UL << v.Field.Ordinal), row.Present);
        foreach (var (field, number, text) in sample.Values)
        {
            if (field.Type == ScalarType.Text) Assert.Equal(text, Encoding.UTF8.GetString(row.Text(field.Ordinal)));
            else Assert.Equal(number, field.Type == ScalarType.Decimal ? row.Decimal(field.Ordinal) : row.Number(field.Ordinal));
        }
        foreach (var (name, kind, text) in sample.Extras)
        {
            Assert.True(RecordCodec.TryFindExtra(row, Encoding.UTF8.GetBytes(name), out var foundKind, out var found));
            Assert.Equal((kind, text), (foundKind, Encoding.UTF8.GetString(found)));
        }
        Assert.False(RecordCodec.TryFindExtra(row, "no such name here"u8, out _, out _));
    }

    /// <summary>Whatever happens to the bytes, a reader gets values or InvalidDataException: never another exception, never a hang.</summary>
    [Property(Arbitrary = [typeof(RandomEvents)], MaxTest = 1000)]
    public void Read_WhenBytesAreChangedOrCut_ThrowsNothingButInvalidData(SampleEvent sample, uint where, byte value, bool cut)
    {
        var record = sample.Encode(new RecordWriter());
        var at = (int)(where % (uint)record.Length);
        if (cut) record = record[..at];
        else record[at] = value;

        try
        {
            var row = new EventRow();
            RecordCodec.Read(record, row);
            _ = RecordCodec.TryFindExtra(row, "absent"u8, out _, out _) | row.Body.IsEmpty | row.CustomerId.IsEmpty | row.EventId.IsEmpty;
            foreach (var field in EventCatalog.Fields)
                if (row.Has(field.Ordinal) && field.Type == ScalarType.Text) _ = row.Text(field.Ordinal).Length;
        }
        catch (InvalidDataException e)
        {
            Assert.Matches(@"^log record, byte \d+: |^event type code", e.Message);
        }
    }

    [Property(Arbitrary = [typeof(RandomEvents)])]
    public void Read_WhenCutShortAnywhere_Throws(SampleEvent sample)
    {
        var record = sample.Encode(new RecordWriter());
        for (var length = 0; length < record.Length; length++)
            Assert.Throws<InvalidDataException>(() => RecordCodec.Read(record.AsMemory(0, length), new EventRow()));
        Assert.Throws<InvalidDataException>(() => RecordCodec.Read((byte[])[.. record, 0], new EventRow()));
    }

    [Property]
    public void ReadBarrier_WhenWritten_GivesTheSame(long epoch, NonNull<string> run, NonNull<string> hash)
    {
        var barrier = new EpochBarrier(epoch, Clean(run.Get), Clean(hash.Get));
        var to = new ArrayBufferWriter<byte>();
        RecordCodec.WriteBarrier(barrier, to);

        Assert.Equal(RecordKind.EpochBarrier, RecordCodec.KindOf(to.WrittenSpan));
        Assert.Equal(barrier, RecordCodec.ReadBarrier(to.WrittenSpan));
        for (var length = 0; length < to.WrittenCount; length++)
            Assert.Throws<InvalidDataException>(() => RecordCodec.ReadBarrier(to.WrittenSpan[..length]));
    }

    [Theory]
    [InlineData(0, 9, "log record, byte 0: kind 9, expected 1 (Event)")]
    [InlineData(1, 7, "log record, byte 1: version 7, expected 1")]
    [InlineData(2, 200, "event type code 200 is unknown here; known are 1..13")]
    [InlineData(31, 255, "log record, byte 24: has a field that this version does not know")]
    [InlineData(35, 1, "log record, byte 3: sections of at least 16777529 bytes in a record of 344")]
    [InlineData(48, 255, "log record, byte 50: text of 8959 bytes where 27 are left")]
    public void Read_WhenOneByteIsWrong_NamesItAndWhatWasExpected(int at, byte value, string expected)
    {
        var record = Golden.Transaction(new RecordWriter());
        record[at] = value;

        var e = Assert.Throws<InvalidDataException>(() => RecordCodec.Read(record, new EventRow()));

        Assert.Equal(expected, e.Message);
    }

    [Fact]
    public void ContentHash_WhenExtrasComeInAnotherOrder_IsTheSame()
    {
        var writer = new RecordWriter();
        var one = HashOf(writer.Begin(EventCatalog.Login, "c"u8, "e"u8, 5).AddExtra("a"u8, ExtraKind.Text, "1"u8).AddExtra("b"u8, ExtraKind.Number, "2"u8));
        var other = HashOf(writer.Begin(EventCatalog.Login, "c"u8, "e"u8, 5).AddExtra("b"u8, ExtraKind.Number, "2"u8).AddExtra("a"u8, ExtraKind.Text, "1"u8));
        var swapped = HashOf(writer.Begin(EventCatalog.Login, "c"u8, "e"u8, 5).AddExtra("b"u8, ExtraKind.Number, "1"u8).AddExtra("a"u8, ExtraKind.Text, "2"u8));

        Assert.Equal(one, other);
        Assert.NotEqual(one, swapped);
    }

    [Fact]
    public void TotalsOf_WhateverStandsBeforeTheAmount_AreThoseOfTheDecodedRecord()
    {
        var writer = new RecordWriter();
        var row = new EventRow();
        foreach (var fields in (Action<RecordWriter>[])
        [
            _ => { },
            w => w.SetNumber(EventCatalog.BillingAmountMinor, 12_345_678_901),
            w => w.SetText(EventCatalog.Currency, "EUR"u8).SetNumber(EventCatalog.BillingAmountMinor, -7).SetText(EventCatalog.City, "Wien"u8),
            w => w.SetNumber(EventCatalog.AmountMinor, long.MaxValue).SetText(EventCatalog.Currency, "JPY"u8).SetNumber(EventCatalog.BillingAmountMinor, long.MinValue),
            w => w.SetNumber(EventCatalog.AmountMinor, 5).SetText(EventCatalog.BillingCurrency, "EUR"u8),
        ])
        {
            fields(writer.Begin(EventCatalog.Transaction, "customer"u8, "event"u8, 5));
            var record = writer.Finish().ToArray();
            RecordCodec.Read(record, row);
            var billing = EventCatalog.BillingAmountMinor.Ordinal;
            Assert.Equal((row.ContentHash, row.Has(billing) ? row.Number(billing) : 0), RecordCodec.TotalsOf(record));
        }
    }

    [Fact]
    public void TotalsOf_WhenTheRecordIsCutShort_Throws()
    {
        var record = new RecordWriter().Begin(EventCatalog.Transaction, "c"u8, "e"u8, 5)
            .SetText(EventCatalog.Currency, "EUR"u8).SetNumber(EventCatalog.BillingAmountMinor, 1_000_000).Finish().ToArray();
        var amountEnds = 40 + 1 + 1 + 4 + 3;
        Assert.Equal(1_000_000, RecordCodec.TotalsOf(record.AsSpan(0, amountEnds)).BillingMinor);
        for (var length = 0; length < amountEnds; length++)
            Assert.Throws<InvalidDataException>(() => RecordCodec.TotalsOf(record.AsSpan(0, length)));
    }

    private static ulong HashOf(RecordWriter writer)
    {
        var row = new EventRow();
        RecordCodec.Read(writer.Finish().ToArray(), row);
        return row.ContentHash;
    }

    private static string Clean(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)); // lone surrogates have no UTF-8
}
