//! AMX's tile instructions in software, for tests on machines without them: each one traps there, and the handler does what
//! the manual says, on the registers and the memory of the code that trapped.

use std::cell::RefCell;
use std::sync::Once;

use libc::{c_int, c_void, siginfo_t, ucontext_t};

use super::super::amx_int8::AmxInt8;

/// A tile: 16 rows of 64 bytes.
type Tile = [[u8; 64]; 16];

thread_local! {
    /// A thread's tiles, once it has configured them.
    static TILES: RefCell<Option<[Tile; 8]>> = const { RefCell::new(None) };
}

/// The multiplier on a machine that lacks it.
pub fn emulated() -> AmxInt8 {
    static HANDLER: Once = Once::new();
    HANDLER.call_once(|| {
        // SAFETY: `on_trap` has the signature that SA_SIGINFO asks for; an action of zeros blocks no signal.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_trap as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO;
            assert_eq!(libc::sigaction(libc::SIGILL, &raw const action, std::ptr::null_mut()), 0);
        }
    });
    AmxInt8::assumed()
}

/// Does the instruction that trapped, and goes on behind it. Any other instruction ends the process.
extern "C" fn on_trap(_: c_int, _: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the system passes the state of the thread that trapped, whose instruction lies in its memory.
    let (registers, code) = unsafe {
        let registers = &mut (*context.cast::<ucontext_t>()).uc_mcontext.gregs;
        let code = registers[libc::REG_RIP as usize] as *const u8;
        (registers, std::slice::from_raw_parts(code, Instruction::LONGEST))
    };
    let Some(instruction) = Instruction::decode(code, registers) else { std::process::abort() };
    // SAFETY: the code that trapped would have reached the same memory.
    let done = TILES.with_borrow_mut(|tiles| unsafe { instruction.execute(tiles) });
    if done.is_none() {
        std::process::abort();
    }
    registers[libc::REG_RIP as usize] += instruction.length;
}

/// A tile instruction: VEX, three bytes of prefix, of the map 0F 38.
struct Instruction {
    opcode: u8,
    /// None, 66, F3, F2.
    prefix: u8,
    /// The field ModRM.reg, the field ModRM.rm where it is a register, and VEX.vvvv.
    reg: usize,
    rm: usize,
    vvvv: usize,
    /// Where memory is meant: its address and the stride of rows.
    memory: Option<(usize, usize)>,
    length: i64,
}

impl Instruction {
    const LONGEST: usize = 10;

    fn decode(code: &[u8], registers: &[i64]) -> Option<Instruction> {
        let [0xc4, map, vex, opcode, modrm, ..] = *code else { return None };
        if map & 0b1_1111 != 2 || vex & 0b1000_0100 != 0 {
            return None;
        }
        let is_register = modrm >> 6 == 3;
        let (memory, length) = if is_register {
            (None, 5)
        } else {
            Self::memory(code, registers).map(|(m, l)| (Some(m), l))?
        };
        Some(Instruction {
            opcode,
            prefix: vex & 3,
            reg: usize::from(modrm >> 3 & 7),
            rm: usize::from(modrm & 7),
            vvvv: usize::from(!vex >> 3 & 15),
            memory,
            length,
        })
    }

    /// The address that is meant and the stride, and where the instruction ends. Bases without a register do not occur.
    fn memory(code: &[u8], registers: &[i64]) -> Option<((usize, usize), i64)> {
        let extended =
            |bit: u8, low: u8| usize::from(low & 7) + if code[1] >> bit & 1 == 0 { 8 } else { 0 };
        let (mode, rm) = (code[4] >> 6, code[4] & 7);
        let (mut at, mut base, mut stride) = (5, extended(5, rm), 0);
        if rm == 4 {
            let (scale, index) = (code[at] >> 6, extended(6, code[at] >> 3));
            base = extended(5, code[at]);
            stride = if index == 4 { 0 } else { value(registers, index) << scale };
            at += 1;
        }
        let (displacement, bytes) = match mode {
            0 if base & 7 == 5 => return None,
            0 => (0, 0),
            1 => (i32::from(code[at].cast_signed()), 1),
            _ => (i32::from_le_bytes(code[at..at + 4].try_into().ok()?), 4),
        };
        let address = value(registers, base).wrapping_add_signed(displacement as isize);
        Some(((address, stride), i64::try_from(at + bytes).ok()?))
    }

    /// Nothing is answered where the instruction is none of AMX-INT8's, or would fault.
    unsafe fn execute(&self, tiles: &mut Option<[Tile; 8]>) -> Option<()> {
        // SAFETY: the caller promised that the memory which the instruction names may be reached.
        unsafe {
            match (self.opcode, self.prefix, self.memory) {
                (0x49, 0, Some((address, _))) => {
                    let config = *(address as *const [u8; 64]);
                    let rows = config[48..56].iter().all(|&rows| rows == 16);
                    let bytes = config[16..32].chunks_exact(2).all(|bytes| bytes == [64, 0]);
                    (config[0] == 1 && rows && bytes).then_some(())?;
                    *tiles = Some([[[0; 64]; 16]; 8]);
                }
                (0x49, 0, None) => *tiles = None,
                (0x4b, 3, Some((address, stride))) => {
                    for (row, bytes) in tiles.as_mut()?[self.reg].iter_mut().enumerate() {
                        *bytes = *((address + row * stride) as *const [u8; 64]);
                    }
                }
                (0x4b, 2, Some((address, stride))) => {
                    for (row, bytes) in tiles.as_ref()?[self.reg].iter().enumerate() {
                        *((address + row * stride) as *mut [u8; 64]) = *bytes;
                    }
                }
                (0x5e, 1, None) => {
                    let tiles = tiles.as_mut()?;
                    let (a, b) = (tiles[self.rm], *tiles.get(self.vvvv)?);
                    multiply(&mut tiles[self.reg], &a, &b);
                }
                _ => return None,
            }
        }
        Some(())
    }
}

/// What a general register holds.
fn value(registers: &[i64], number: usize) -> usize {
    use libc::{
        REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RAX, REG_RBP,
        REG_RBX, REG_RCX, REG_RDI, REG_RDX, REG_RSI, REG_RSP,
    };
    let places = [
        REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI, REG_R8, REG_R9,
        REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
    ];
    usize::from_ne_bytes(registers[places[number] as usize].to_ne_bytes())
}

/// `tdpbusd`: to each 32-bit sum, of row m and column n, four products for each k; unsigned bytes of `a` by signed ones of `b`.
fn multiply(sums: &mut Tile, a: &Tile, b: &Tile) {
    for (sums, a) in sums.iter_mut().zip(a) {
        for (a, b) in a.chunks_exact(4).zip(b) {
            for (sum, b) in sums.chunks_exact_mut(4).zip(b.chunks_exact(4)) {
                let products =
                    a.iter().zip(b).map(|(&a, b)| i32::from(a) * i32::from(b.cast_signed()));
                let total = i32::from_le_bytes(sum.try_into().unwrap());
                sum.copy_from_slice(&products.fold(total, i32::wrapping_add).to_le_bytes());
            }
        }
    }
}
