//! Kernels as the driver loads them, each with the type of its one parameter, and launches of them.

use std::marker::PhantomData;
use std::sync::Arc;

use cudarc::driver::sys::CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
use cudarc::driver::{
    CudaContext, CudaFunction, CudaModule, CudaStream, DeviceRepr, DriverError, LaunchConfig,
    PushKernelArg,
};
use cudarc::nvrtc::Ptx;

use super::launched;

/// A launch's blocks, threads a block and bytes of dynamic shared memory.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub blocks: (u32, u32),
    pub threads: u32,
    pub shared: u32,
}

impl Shape {
    fn config(self) -> LaunchConfig {
        LaunchConfig {
            grid_dim: (self.blocks.0, self.blocks.1, 1),
            block_dim: (self.threads, 1, 1),
            shared_mem_bytes: self.shared,
        }
    }
}

/// A kernel's one parameter.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Parameter<A>(A);

// SAFETY: plain numbers and addresses in the layout of the kernel's parameter: the build holds the struct `A` to the C++ struct of its
// name, field by field (`abi/types.rs`).
unsafe impl<A: Copy> DeviceRepr for Parameter<A> {}

/// A kernel whose one parameter is an `A`.
pub struct Kernel<A> {
    name: &'static str,
    function: CudaFunction,
    takes: PhantomData<fn(A)>,
}

impl<A> Kernel<A> {
    /// Lets a block have this much dynamic shared memory.
    pub fn allow_shared(&self, bytes: u32) -> Result<(), DriverError> {
        let bytes = bytes.try_into().expect("a block has a few hundred kilobytes");
        self.function.set_attribute(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes)
    }

    /// Allows a block the dynamic shared memory that its static shared memory leaves of `limit`. Returns how many bytes
    /// that is.
    pub fn allow_most_shared(&self, limit: u32) -> Result<u32, DriverError> {
        let own = u32::try_from(self.function.shared_size_bytes()?).unwrap_or(0);
        let left = limit.saturating_sub(own);
        self.allow_shared(left)?;
        Ok(left)
    }
}

impl<A: Copy> Kernel<A> {
    pub fn launch(
        &self,
        stream: &CudaStream,
        shape: Shape,
        arguments: &A,
    ) -> Result<(), DriverError> {
        launched::remember(self.name);
        let parameter = Parameter(*arguments);
        let mut launch = stream.launch_builder(&self.function);
        launch.arg(&parameter);
        // SAFETY: the kernel takes one `A` (`Kernels::load` ties each name to its type, `KERNEL` in its source to the struct of that
        // name). What its pointers reach is allocated for the lengths in it, by whoever made it, and stays so until the stream is
        // synchronized.
        unsafe { launch.launch(shape.config()) }.map(drop)
    }

    /// The same, with blocks that are all resident and may meet at barriers.
    pub fn launch_together(
        &self,
        stream: &CudaStream,
        shape: Shape,
        arguments: &A,
    ) -> Result<(), DriverError> {
        launched::remember(self.name);
        let parameter = Parameter(*arguments);
        let mut launch = stream.launch_builder(&self.function);
        launch.arg(&parameter);
        // SAFETY: as in `launch`; the driver refuses a grid whose blocks cannot all be resident.
        unsafe { launch.launch_cooperative(shape.config()) }.map(drop)
    }
}

/// A compiled file, by the name of its source.
pub type Image = (&'static str, &'static [u8]);

/// Compiled files, loaded.
pub struct Modules(Vec<(&'static str, Arc<CudaModule>)>);

impl Modules {
    pub fn load<'a>(
        context: &Arc<CudaContext>,
        images: impl Iterator<Item = &'a Image>,
    ) -> Result<Modules, DriverError> {
        let load = |&(name, image): &Image| {
            Ok((name, context.load_module(Ptx::from_binary(image.to_vec()))?))
        };
        images.map(load).collect::<Result<_, DriverError>>().map(Modules)
    }

    pub fn has(&self, file: &str) -> bool {
        self.0.iter().any(|(stem, _)| *stem == file)
    }

    /// The kernel of this name in `kernels/<file>.cu`.
    pub fn kernel<A>(&self, file: &str, name: &'static str) -> Result<Kernel<A>, DriverError> {
        self.entry(file, name, name)
    }

    /// The kernel `name` by its entry point, which may say more.
    pub fn entry<A>(
        &self,
        file: &str,
        name: &'static str,
        entry: &str,
    ) -> Result<Kernel<A>, DriverError> {
        let module = self.0.iter().find(|(stem, _)| *stem == file);
        let (_, module) = module.unwrap_or_else(|| panic!("kernels/{file}.cu was not compiled"));
        Ok(Kernel { name, function: module.load_function(entry)?, takes: PhantomData })
    }
}
