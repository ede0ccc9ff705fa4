//! What the rows of this family take alike, as `COMMAND DOCS` shows it.

use crate::command::row::Arg;

pub(super) const UNIT: Arg = Arg::one_of(
    "unit",
    &[Arg::word("m", "M"), Arg::word("km", "KM"), Arg::word("ft", "FT"), Arg::word("mi", "MI")],
);

/// Where the middle of the area is.
pub(super) const FROM: Arg = Arg::one_of(
    "from",
    &[
        Arg::string("member").token("FROMMEMBER"),
        Arg::block("fromlonlat", &[Arg::double("longitude"), Arg::double("latitude")])
            .token("FROMLONLAT"),
    ],
)
.optional();

/// The shape of the area.
pub(super) const BY: Arg = Arg::one_of(
    "by",
    &[
        Arg::block("circle", &[Arg::double("radius").token("BYRADIUS"), UNIT]),
        Arg::block("box", &[Arg::double("width").token("BYBOX"), Arg::double("height"), UNIT]),
        Arg::block(
            "polygon",
            &[
                Arg::integer("num-vertices").token("BYPOLYGON"),
                Arg::block("vertices", &[Arg::double("longitude"), Arg::double("latitude")])
                    .multiple(),
            ],
        )
        .since("9.0.0"),
    ],
);

pub(super) const WITHCOORD: Arg = Arg::word("withcoord", "WITHCOORD").optional();
pub(super) const WITHDIST: Arg = Arg::word("withdist", "WITHDIST").optional();
pub(super) const WITHHASH: Arg = Arg::word("withhash", "WITHHASH").optional();

pub(super) const COUNT: Arg = Arg::block(
    "count-block",
    &[Arg::integer("count").token("COUNT"), Arg::word("any", "ANY").optional()],
)
.optional();

/// As [`COUNT`], for the commands that are older than ANY, of which the documentation says so.
pub(super) const COUNT_SINCE: Arg = Arg::block(
    "count-block",
    &[Arg::integer("count").token("COUNT"), Arg::word("any", "ANY").optional().since("6.2.0")],
)
.optional();

pub(super) const ORDER: Arg =
    Arg::one_of("order", &[Arg::word("asc", "ASC"), Arg::word("desc", "DESC")]).optional();

/// Where the older commands store what they find.
pub(super) const STORE: Arg = Arg::one_of(
    "store",
    &[Arg::key("storekey", 1).token("STORE"), Arg::key("storedistkey", 2).token("STOREDIST")],
)
.optional();
