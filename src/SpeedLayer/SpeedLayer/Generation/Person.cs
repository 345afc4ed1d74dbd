namespace Lambda.SpeedLayer.Generation;

/// <summary>What the generator remembers of one customer: 48 bytes, so that a million fit.</summary>
internal struct Person
{
    internal long BalanceCents;
    internal ulong LastPurchase; // number of the event, 0 for none
    internal ulong FraudPurchase; // awaiting its label, 0 for none
    internal int Points;
    internal short Score;
    internal byte Segment;
    internal byte Onboarded; // steps done of Traits.OnboardingSteps
    internal byte FraudLeft; // purchases the thief still makes
    internal bool WasRobbed;
}

/// <summary>What is fixed for a customer: computed from seed and number whenever it is needed, never stored.</summary>
internal readonly struct Traits(ulong seed, int customer)
{
    internal const int OnboardingSteps = 4;

    private readonly ulong _bits = Xoshiro.Mix(seed ^ Xoshiro.Mix((ulong)customer));

    internal int Pick(int salt, int bound) => (int)Math.BigMul(Xoshiro.Mix(_bits + (ulong)salt), (ulong)bound, out _);

    internal byte Segment()
    {
        var roll = Pick(1, 1000);
        for (byte s = 0; ; s++)
            if ((roll -= World.Segments[s].SharePerMille) < 0 || s == World.Segments.Length - 1) return s;
    }

    internal World.City Home => World.Homes[Pick(2, World.Homes.Length)];

    /// <summary>One in eight fades out: from this day of the span on, ever less happens for 30 days, then nothing.</summary>
    internal int ChurnDay(int days) => Pick(3, 8) == 0 ? Pick(4, Math.Max(days, 1)) : int.MaxValue / 2;

    /// <summary>One in 200 is robbed once, at some day.</summary>
    internal int RobbedDay(int days) => Pick(5, 200) == 0 ? Pick(6, Math.Max(days, 1)) : -1;

    /// <summary>The city of this week if the customer travels, else null.</summary>
    internal World.City? TravelIn(int week, int travelPerMille) =>
        Pick(1000 + week, 1000) < travelPerMille ? World.Abroad[Pick(5000 + week, World.Abroad.Length)] : null;

    internal int IncomeCents(World.Segment segment) => segment.IncomeCents / 100 * Pick(7, 80) / 100 + segment.IncomeCents * 6 / 10;
}
