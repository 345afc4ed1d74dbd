using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Generation;

/// <summary>
/// A stream of realistic events in about the order of time: customers of five segments who get salaries, shop, travel, use the app, fade out, are robbed.
/// One stream, two forms: <see cref="Line"/> (JSON) and <see cref="Record"/> (what the parser makes of that line, to the byte).
/// </summary>
public sealed class EventGenerator
{
    /// <summary>Grows when the same options no longer give the same bytes.</summary>
    public const int StreamVersion = 1;

    private const int RepeatWindow = 512;
    private const int ChurnFadeDays = 30;

    private readonly GeneratorOptions _options;
    private readonly DayPlan _plan;
    private readonly EventMaker _maker;
    private readonly AliasTable _activity;
    private readonly Person[] _people;
    private readonly BadLines _badLines;
    private readonly byte[][] _recent = new byte[RepeatWindow][];
    private readonly EventRow _row = new();
    private readonly uint _late, _duplicate, _unknown, _bad;
    private Xoshiro _random;
    private ReadOnlyMemory<byte> _record;
    private ReadOnlyMemory<byte> _badLine;
    private ulong _number;
    private int _day = -1;
    private long _slot, _slots, _salaries, _salary;
    private int _payee;

    public EventGenerator(GeneratorOptions options)
    {
        options.Check();
        _options = options;
        _plan = new DayPlan(options.Days, options.Events, options.EndMicros);
        _maker = new EventMaker(options.Seed, options.Days);
        _people = new Person[options.Customers];
        _random = new Xoshiro(options.Seed);
        _badLines = new BadLines(options.Seed);
        _activity = new AliasTable(Weights(options));
        (_late, _duplicate) = (Xoshiro.Threshold(options.LateRate), Xoshiro.Threshold(options.DuplicateRate));
        (_unknown, _bad) = (Xoshiro.Threshold(options.UnknownFieldRate), Xoshiro.Threshold(options.BadLineRate));
    }

    /// <summary>The record; empty for a bad line. Lives until the next MoveNext.</summary>
    public ReadOnlySpan<byte> Record => IsBad ? default : _record.Span;

    /// <summary>One line of NDJSON, without its end. Lives until the next MoveNext.</summary>
    public ReadOnlySpan<byte> Line => IsBad ? _badLine.Span : BodyOf(_record);

    public bool IsBad { get; private set; }

    /// <summary>Events so far, bad lines not among them.</summary>
    public long Emitted { get; private set; }

    /// <summary>Repeats among <see cref="Emitted"/>.</summary>
    public long Duplicates { get; private set; }

    /// <summary>Late ones among <see cref="Emitted"/>, their repeats not counted.</summary>
    public long Late { get; private set; }

    public long BadLines { get; private set; }

    /// <returns>False when all events are out.</returns>
    public bool MoveNext()
    {
        if (Emitted == _options.Events) return false;
        IsBad = _random.Chance(_bad);
        if (IsBad)
        {
            _badLine = _badLines.Next(_record.IsEmpty ? "{}"u8 : BodyOf(_record));
            BadLines++;
            return true;
        }
        while (_slot == _slots && _salary == _salaries) BeginDay();
        Emitted++;
        if (NextIsSalary()) PaySalary();
        else Act();
        return true;
    }

    /// <summary>Adds the next events, at most so many, to a batch; bad lines are left out. Returns how many.</summary>
    public int Fill(AppendBatch batch, int count)
    {
        var added = 0;
        while (added < count && MoveNext())
        {
            if (IsBad) continue;
            batch.Add(Partitioner.PartitionOf(RecordCodec.CustomerIdOf(Record), batch.Partitions), Record);
            added++;
        }
        return added;
    }

    private void BeginDay()
    {
        _day++;
        var events = _plan.EventsOn(_day);
        _payee = DayOfMonth() - 1;
        _salaries = _plan.IsWhole(_day) ? Math.Min(CountPayees(), events / 4) : 0;
        _slots = events - _salaries;
        _slot = _salary = 0;
    }

    private bool NextIsSalary() => _salary < _salaries && (_slot == _slots || SalaryTime() <= _plan.TimeOf(_day, _slot, _slots));

    /// <summary>Between 5 and 8 in the morning, one after the other.</summary>
    private long SalaryTime() => (_plan.FirstDay + _day) * Clock.MicrosPerDay + (5 * 3600 + 3 * 3600 * _salary / _salaries) * 1_000_000L;

    private void PaySalary()
    {
        while (!IsPayee(_payee)) _payee += SalaryDays;
        var at = new EventMaker.Moment(_payee, _day, SalaryTime(), ++_number);
        _salary++;
        _maker.Salary(ref _people[_payee], at);
        _payee += SalaryDays;
        Emit();
    }

    private void Act()
    {
        var micros = _plan.TimeOf(_day, _slot, _slots);
        _slot++;
        if (_duplicate > 0 && _random.Chance(_duplicate) && Repeat()) return;
        if (_late > 0 && _random.Chance(_late))
        {
            micros = Math.Max(micros - Delay(), _plan.FirstDay * Clock.MicrosPerDay);
            Late++;
        }
        var customer = Draw();
        _maker.Make(ref _people[customer], new EventMaker.Moment(customer, _day, micros / 1_000 * 1_000, ++_number));
        Emit();
    }

    private void Emit()
    {
        if (_unknown > 0 && _random.Chance(_unknown)) _maker.AddUnknown();
        _maker.Writer.Finish();
        _record = _maker.Writer.FinishedMemory;
        if (_duplicate == 0) return;
        ref var place = ref _recent[_number % RepeatWindow];
        if (place is null || place.Length != _record.Length) place = new byte[_record.Length];
        _record.CopyTo(place);
    }

    private bool Repeat()
    {
        if (_number == 0) return false;
        _record = _recent[(long)(_number - (ulong)_random.Below((long)Math.Min(_number, RepeatWindow))) % RepeatWindow];
        Duplicates++;
        return true;
    }

    /// <summary>Mostly hours, some days, a few months.</summary>
    private long Delay() => _random.Below(100) switch
    {
        < 70 => 60_000_000 + _random.Below(6 * 3_600_000_000L),
        < 95 => _random.Below(7 * Clock.MicrosPerDay),
        _ => _random.Below(90 * Clock.MicrosPerDay),
    };

    /// <summary>Those who fade out are drawn ever less; after a few vain tries whoever comes is taken.</summary>
    private int Draw()
    {
        for (var tries = 0; ; tries++)
        {
            var customer = _activity.Draw(ref _random);
            var gone = _day - new Traits(_options.Seed, customer).ChurnDay(_options.Days);
            if (gone <= 0 || tries == 8 || _random.Below(ChurnFadeDays) >= gone) return customer;
        }
    }

    private const int SalaryDays = 28; // everybody is paid on the day of the month that is their number modulo 28

    private int DayOfMonth() => DateOnly.FromDayNumber(_plan.FirstDay + _day - Instants.MinDay).Day;

    private long CountPayees()
    {
        long count = 0;
        for (long c = _payee; _payee < SalaryDays && c < _people.Length; c += SalaryDays)
            if (IsPayee((int)c)) count++;
        return count;
    }

    /// <summary>Known, not faded out; of those with few events a month only some, lest salaries be all they have.</summary>
    private bool IsPayee(int customer)
    {
        if (_people[customer].Onboarded == 0) return false;
        var traits = new Traits(_options.Seed, customer);
        var eventsPerMonth = _options.Events * 30 / ((long)_options.Customers * _options.Days);
        return _day < traits.ChurnDay(_options.Days) && traits.Pick(100_000 + _day / SalaryDays, 10) < eventsPerMonth;
    }

    private ReadOnlySpan<byte> BodyOf(ReadOnlyMemory<byte> record)
    {
        RecordCodec.Read(record, _row);
        return _row.Body;
    }

    private static uint[] Weights(GeneratorOptions options)
    {
        var weights = new uint[options.Customers];
        for (var c = 0; c < weights.Length; c++)
            weights[c] = options.Zipf ? (uint)((1L << 31) / (c + 1)) : SegmentWeight(options.Seed, c);
        return weights;
    }

    private static uint SegmentWeight(ulong seed, int customer)
    {
        var traits = new Traits(seed, customer);
        return World.Segments[traits.Segment()].Activity * (uint)(1 + traits.Pick(20, 8) * traits.Pick(21, 8));
    }
}
