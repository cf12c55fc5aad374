//! A shard's side of a selection whose coordinator may be anywhere: it answers messages by a pool of its own.

use std::ops::ControlFlow;

#[cfg(feature = "cuda")]
use super::cuda::hold_lent;
use super::cuda::hold_on_cuda;
use super::place::{Int8Work, Work, dispatch, with_int8};
use super::tuning::Tuning;
use super::way::{are_held, int8_of_shard};
use crate::backend::cpu::kernels::Multiplier;
use crate::backend::cpu::kernels::int8::Int8Multiplier;
use crate::backend::cpu::{CpuRows, CpuShard, Int8State, Whole};
#[cfg(feature = "cuda")]
use crate::backend::cuda::lent::{DevicePool, Stream};
use crate::backend::shard::Shard;
use crate::backend::sharded::messages::{
    Answer, Begin, Failure, Held, Own, Part, Request, decode, encode,
};
use crate::backend::sharded::server::{Kept, Server};
use crate::error::{Error, Result};
use crate::gpus::Gpus;
use crate::ground::{Ground, HostGround};
use crate::options::{Device, Options};
use crate::pool::{Dtype, Pool};
use crate::rows::Gather;
use crate::shards::{Message, Messages, Reply, Settled};
use crate::threads::on_engine_threads;

/// Answers the messages that `messages` brings, until it brings no more. Of `options` it takes excluded rows and weights, which are the
/// pool's own, the device and the threads; a flag that is set ends what is being computed, and the selection.
pub fn serve(pool: &Pool, options: &Options, messages: Messages) {
    let held = held((pool.rows(), pool.dimensions()), pool.dtype(), options);
    serve_by(&held, options, messages, |options, holding| {
        if !pool.skipped().is_empty() {
            // The coordinator would count those rows.
            return Err(Error::Options("bad rows are left out of whole pools alone".into()));
        }
        pool.check_room_for_state()?;
        let ground = HostGround::of_pool(pool, options)?;
        on_engine_threads(options.threads, || {
            dispatch(ground, options.device, Tuning::default().multiplier, holding)
        })?
        .map(drop)
    });
}

/// [`crate::shards::serve`] by a pool that lies on the stream's GPU: one of several that are one pool together, or a rank's part. Live rows
/// are copied to the host, one by one, and all rows once where [`crate::First::Mean`] asks for their mean; nothing else is.
#[cfg(feature = "cuda")]
pub fn serve_lent(pool: &DevicePool, options: &Options, stream: &Stream, messages: Messages) {
    let held = held((pool.rows(), pool.dimensions()), pool.dtype(), options);
    serve_by(&held, options, messages, |options, holding| {
        let (first, centers) = (holding.part.first, holding.begin.centers);
        on_engine_threads(options.threads, || {
            hold_lent(pool, options, stream, first, centers, |ground, shard| {
                holding.serve(ground, shard);
            })
        })?
    });
}

fn held((rows, dimensions): (usize, usize), dtype: Dtype, options: &Options) -> Held {
    Held { rows, dimensions, dtype, has_weights: options.weights.is_some() }
}

/// Answers messages; `select` does one selection, with the options of these rows.
fn serve_by(
    held: &Held,
    options: &Options,
    messages: Messages,
    mut select: impl FnMut(&Options, &mut Holding) -> Result<()>,
) {
    let mut message = messages(None);
    while let Some(next) = message {
        message = match decode::<(u64, Request)>(&next.common) {
            Ok((_, Request::Hello)) => messages(Some(reply(&Answer::Hello(held.clone())))),
            Ok((_, Request::Begin(begin))) => {
                selection(options, &begin, &next, messages, &mut select)
            }
            Ok(_) => messages(Some(reply(&Answer::Behind))),
            Err(reason) => {
                messages(Some(reply(&Answer::Failed(Failure { reason, is_input: true }))))
            }
        };
    }
}

fn reply(answer: &Answer) -> Reply {
    Reply { bytes: encode(answer), settled: None }
}

fn failed(error: &Error) -> Reply {
    let is_input = match error {
        Error::Io { .. }
        | Error::Read { .. }
        | Error::Unsupported { .. }
        | Error::Unavailable { .. }
        | Error::Lost { .. }
        | Error::CudaMemory { .. }
        | Error::Memory { .. }
        | Error::Interrupted => false,
        Error::Shard { is_input, .. } => *is_input,
        _ => true,
    };
    reply(&Answer::Failed(Failure { reason: error.to_string(), is_input }))
}

/// One selection, from its beginning to the message that begins another, which is returned.
fn selection(
    options: &Options,
    begin: &Begin,
    message: &Message,
    messages: Messages,
    select: &mut impl FnMut(&Options, &mut Holding) -> Result<()>,
) -> Option<Message> {
    let mut selected = || {
        let part = own_part(message)?;
        let options = &options_of(options, begin, &part)?;
        let mut holding = Holding { begin, part: &part, messages, next: None };
        select(options, &mut holding)?;
        Ok(holding.next.take())
    };
    match selected() {
        Ok(next) => next,
        Err(error) => messages(Some(failed(&error))),
    }
}

fn own_part(message: &Message) -> Result<Part> {
    match decode(&message.own).map_err(Error::Options)? {
        Own::Part(part) => Ok(part),
        _ => Err(Error::Options("a selection begins without a part of its own".into())),
    }
}

/// What rows may be, here: as the shard was told when it was made, and by the coordinator.
fn options_of<'a>(options: &Options<'a>, begin: &Begin, part: &Part) -> Result<Options<'a>> {
    let mut excluded = [&options.excluded[..], &part.excluded].concat();
    excluded.sort_unstable();
    excluded.dedup();
    if options.weights.is_some() && part.weights.is_some() {
        return Err(Error::Weights("they are given at the shard and by the coordinator".into()));
    }
    Ok(Options {
        labeled: part.labeled.clone(),
        excluded,
        weights: part.weights.clone().or_else(|| options.weights.clone()),
        metric: begin.metric,
        device: options.device,
        threads: options.threads,
        interrupt: options.interrupt,
        ..Options::default()
    })
}

/// A selection at a shard.
struct Holding<'h> {
    begin: &'h Begin,
    part: &'h Part,
    messages: Messages<'h>,
    /// The message that ended it.
    next: Option<Message>,
}

impl Holding<'_> {
    /// Answers messages until another selection begins.
    fn serve(&mut self, ground: &Ground, shard: Box<dyn Shard + Send + '_>) {
        let mut server = Server::new(shard, ground);
        let mut next = (self.messages)(Some(reply(&Answer::Begun(server.begun()))));
        while let Some(message) = next.take() {
            match answer(&mut server, ground, &message, self.begin.labeled) {
                ControlFlow::Continue(reply) => next = (self.messages)(Some(reply)),
                ControlFlow::Break(()) => self.next = Some(message),
            }
        }
    }
}

/// The answer to a message of a selection; none if it begins another.
fn answer(
    server: &mut Server,
    ground: &Ground,
    message: &Message,
    labeled: usize,
) -> ControlFlow<(), Reply> {
    let (number, request): (u64, Request) = match decode(&message.common) {
        Ok((_, Request::Hello | Request::Begin(_))) => return ControlFlow::Break(()),
        Ok(numbered) => numbered,
        Err(reason) => return ControlFlow::Continue(failed(&Error::Options(reason))),
    };
    let answered = server
        .reply(number, request, &message.own)
        .and_then(|answer| ground.check_reads().map(|()| answer))
        .and_then(|answer| match ground.is_interrupted() {
            true => Err(Error::Interrupted),
            false => Ok(answer),
        });
    ControlFlow::Continue(match answered {
        Ok(bytes) => {
            let settled = server.take_kept().map(|kept| settled(kept, labeled));
            Reply { bytes, settled }
        }
        Err(error) => failed(&error),
    })
}

/// Center numbers as positions among the picks and labeled entries.
fn settled(kept: Kept, labeled: usize) -> Settled {
    let labeled = i64::try_from(labeled).expect("centers are numbered below 2^32");
    let entry = |center: u32| {
        let center = i64::from(center);
        if center < labeled { -1 - center } else { center - labeled }
    };
    let assignment = kept.nearest.into_iter().map(entry).collect();
    Settled { min_distances: kept.distances, assignment }
}

impl Work for Holding<'_> {
    type Answer = ();

    fn on_cpu<M: Multiplier>(&mut self, ground: &HostGround, multiplier: M) -> Result<()> {
        let (tuning, first) = (Tuning::default(), self.part.first);
        // Centers reach the shard by value.
        let ground = &ground.part(0..ground.rows.len());
        match int8_of_shard::<M>(&tuning, ground, self.begin.centers) {
            Some(whole) => {
                with_int8(tuning.multiplier, OnInt8 { holding: self, ground, whole })?;
            }
            None => {
                if are_held(self.begin.centers) {
                    ground.rows.hold_if_they_fit()?;
                }
                let rows = CpuRows::new(ground, multiplier, tuning.width);
                self.serve(ground, Box::new(CpuShard::new(rows, first)));
            }
        }
        Ok(())
    }

    fn on_cuda(&mut self, ground: &HostGround, ordinal: usize) -> Result<()> {
        let ground = &ground.part(0..ground.rows.len());
        let (first, centers) = (self.part.first, self.begin.centers);
        hold_on_cuda(ground, ordinal, first, centers, |shard| self.serve(ground, shard))
    }

    fn on_gpus(&mut self, _: &HostGround, gpus: Gpus) -> Result<()> {
        let reason = "a shard is held by one GPU: name one, and start a shard for each".into();
        Err(Error::Unsupported { device: Device::CudaMany(gpus), reason })
    }
}

/// A shard whose rounds run on int8 values.
struct OnInt8<'s, 'h> {
    holding: &'s mut Holding<'h>,
    ground: &'s HostGround<'s>,
    whole: Option<Whole>,
}

impl Int8Work for OnInt8<'_, '_> {
    type Answer = ();

    fn with<K: Int8Multiplier>(self, multiplier: K) {
        let OnInt8 { holding, ground, whole } = self;
        let rows = Int8State::of_shard(ground, whole, multiplier, Tuning::default().width);
        holding.serve(ground, Box::new(CpuShard::new(rows, holding.part.first)));
    }
}
